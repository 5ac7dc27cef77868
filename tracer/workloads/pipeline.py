"""What a workload file declares: a :class:`Pipeline` and the :class:`StageSpec` list that it builds.

torch is imported inside the build functions alone, so that listing the workloads costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from tracer.graph import Workload

from .limits import Limits

if TYPE_CHECKING:
    from torch import nn

__all__ = ["FrameRate", "Limits", "Pipeline", "StageSpec"]


class FrameRate(NamedTuple):
    """How fast the videos of a pipeline play, and who says so. [1/s]"""

    per_second: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSpec:
    """A stage before it is traced.

    Attributes
    ----------
    name : str
        Name in the report: ``text_encoder``, ``unet``, ``vae_decoder``.
    component : str
        Set of weights; stages that share one (prefill and decode of a language model) name the same.
    module : torch.nn.Module
        On the meta device, at the workload's dtype.
    run : callable
        ``run(module, repeat)`` makes example inputs on the meta device and runs the part once. `repeat` is the
        index of the repeat: stages that do not grow ignore it.
    repeats : int
        How often it runs.
    grows : bool
        Whether shapes grow from repeat to repeat (autoregressive decoding): the first and the last are traced.
    whole : callable, optional
        ``whole(module)`` runs in one call of the library what this stage and the others of the same `whole` are parts
        of.
    """

    name: str
    component: str
    module: nn.Module
    run: Callable[[Any, int], object]
    repeats: int = 1
    grows: bool = False
    whole: Callable[[Any], object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """A named model pipeline at its published default settings.

    Attributes
    ----------
    name : str
        Name on the command line.
    title : str
        Name in print.
    defaults : Workload
        Published default settings. A field that is ``None`` does not apply, and the command line refuses it.
    build : callable
        ``build(workload) -> [StageSpec, ...]`` in the order in which the stages run. Imports torch inside.
    sources : tuple of str
        Papers, repositories and configuration files that the file was written from.
    parameters : mapping of str to float
        Published parameter count by component.
    rounded : frozenset of str
        Components whose published count is a rounded number: checked within 10 % instead of 1 %.
    size_multiple : int
        Height and width must be multiples of it. [pixel]
    frame_rule : tuple of int
        ``(step, offset)``: ``num_frames`` must be ``offset`` plus a multiple of ``step``.
    attention_kinds : mapping of str to str
        Regular expression on the module path -> kind (``temporal``, ``cross``, ``joint``, ``spatial``, ``self``)
        of attention calls, where shapes and producers alone do not tell.
    choices : tuple of str
        What the paper does not publish, what this file assumes, and why.
    family : str
        ``image``, ``video`` or ``language``.
    architecture : str
        ``diffusion`` or ``transformer`` (token decoding).
    aliases : tuple of str
        Other names on the command line.
    denoisers : tuple of str
        Components that run in every step of the scheduler.
    optional : frozenset of str
        Settings that apply although their default is none.
    limits : Limits
        What its settings may be.
    frame_rate : FrameRate, optional
        Of its videos.
    variant_of : str
        Pipeline of which this is a named variant, as an implementation runs it: ``imagen`` of ``imagen-nemo``, which
        ``--model imagen --variant nemo`` names too. Empty where it is as published.
    channels_last : bool
        Whether its authors run it with channels innermost.
    differing : mapping of str to str
        Components whose count at the published widths is not the published one, and what is known of why.
    """

    name: str
    title: str
    defaults: Workload
    build: Callable[[Workload], Sequence[StageSpec]]
    sources: tuple[str, ...]
    parameters: Mapping[str, float]
    rounded: frozenset[str] = frozenset()
    size_multiple: int = 8
    frame_rule: tuple[int, int] = (1, 0)
    attention_kinds: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    family: str = "image"
    architecture: str = "diffusion"
    aliases: tuple[str, ...] = ()
    denoisers: tuple[str, ...] = ("unet", "transformer", "transformer_2")
    optional: frozenset[str] = frozenset()
    limits: Limits = field(default_factory=Limits)
    frame_rate: FrameRate | None = None
    variant_of: str = ""
    channels_last: bool = False
    differing: Mapping[str, str] = field(default_factory=dict)
