"""What a release of the framework decides: the noun that an execution carries, and the record that a file holds."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, Self

from pydantic import model_validator

from hw_specs.reading.record import Count, Record, Text

__all__ = ["FusedChoice", "Release", "Software", "SoftwareError"]


LayoutOptimization = Literal["never", "unless_narrowing", "always"]


class SoftwareError(ValueError):
    """Software that nothing describes, or that does not run on an accelerator."""


class FusedChoice(Record):
    """A fused attention kernel that the framework tries, and the compiler targets on which it does."""

    kernel: Literal["cudnn", "flash2", "efficient"]
    isa: tuple[Text, ...] = ()
    """Targets on which it is tried; none where it is tried wherever the kernel exists."""
    head: Count | None = None
    """Widest head for which it is tried, where the kernel would take others."""

    def suits(self, targets: tuple[str, ...]) -> bool:
        """Whether it is tried on an accelerator that code for some targets runs on."""
        return not self.isa or bool(set(self.isa) & set(targets))


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """Choices of a framework and the libraries below it, each a value with a source in a file of this folder.

    Attributes
    ----------
    name : str
        Generations whose choices these are, as ``torch-2.6`` or ``torch-2.6,rocm-6.3``.
    attention : tuple of FusedChoice
        Fused attention kernels in the order in which scaled dot product attention tries them; where none takes a call
        the products are separate. Empty where the framework has none.
    softmax_in_registers : int
        Longest row that a warp of softmax keeps in registers. [1]
    unfolded_convolutions_3d : tuple of str
        Number formats whose three-dimensional convolutions are unfolded to a matrix (``vol2col``) and multiplied one
        image after another; the library of convolutions takes all others.
    compiles : bool
        Whether it has a compiler.
    layout_optimization : {"never", "unless_narrowing", "always"}
        Whether the compiler keeps convolutions channels-last by itself: never, or unless one of the graph has filters
        of several positions and at most half as many channels out as in, or always.
    searched_unfolding_3d : tuple of str
        Number formats for whose three-dimensional convolutions a library that searches its solvers has nothing on
        matrix units but to unfold each image and multiply; none by default.
    targets : tuple of str
        Compiler targets of the accelerators that it runs on; empty where that is left open.
    """

    name: str
    attention: tuple[FusedChoice, ...]
    softmax_in_registers: int
    unfolded_convolutions_3d: tuple[str, ...]
    compiles: bool
    layout_optimization: LayoutOptimization
    searched_unfolding_3d: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()


class Release(Record):
    """One file: a generation of a framework or of the platform below it, with what it changes."""

    name: Text
    layer: Literal["framework", "platform"]
    """A framework's generations follow one another; a platform's values take the place of the framework's."""
    releases: tuple[Text, ...]
    """Versions that decide alike."""
    follows: Text | None = None
    """Generation before, whose values hold where this one states none."""
    targets: tuple[Text, ...] | None = None
    attention: tuple[FusedChoice, ...] | None = None
    softmax_in_registers: Count | None = None
    unfolded_convolutions_3d: tuple[Text, ...] | None = None
    searched_unfolding_3d: tuple[Text, ...] | None = None
    compiles: bool | None = None
    layout_optimization: LayoutOptimization | None = None
    sources: dict[str, Text]
    """Where each stated value comes from."""
    notes: Text | None = None

    @model_validator(mode="after")
    def _has_sources(self) -> Self:
        missing = [name for name in self.values if name not in self.sources]
        if missing:
            raise ValueError(f"no source of {', '.join(missing)}; add it to sources")
        return self

    @property
    def values(self) -> dict[str, object]:
        """What it states."""
        stated = {name: getattr(self, name) for name in VALUES}
        return {name: value for name, value in stated.items() if value is not None}


VALUES = tuple(item.name for item in fields(Software) if item.name != "name")
