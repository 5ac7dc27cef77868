"""A design as the page's address has it: a model, an accelerator, settings, changed numbers and a rent.

Names and values are those of the command line (``model=sdxl&hw=h100&batch=4&set=memory.dram.bandwidth=2x``), so that
an address can be read, written by hand and turned into a command. Nothing in it is run, and it names nothing on disk:
models and accelerators are those of the catalogues and those that the command line was given.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hw_specs import SpecError, list_accelerators, load_accelerator
from hw_specs.listing.names import resolve_name
from hw_specs.terminal.meanings import did_you_mean
from simulator.hosts.catalogue import list_hosts
from simulator.quantization import UNQUANTIZED, list_schemes
from simulator.reference import typed_changes
from simulator.software import list_software
from simulator.whatif.setups import AXES
from tracer.library.graphs import pipeline_of
from tracer.workloads import find_pipeline, iter_pipelines

__all__ = ["SETTINGS", "Design", "Offer", "designs_of"]

#: Settings that a design may have: all but where weights wait, which variants of an accelerator do not have.
SETTINGS = tuple(name for name in AXES if name != "offload")
#: What the names of the second design begin with in an address.
SECOND = "b."

_NAMES = ("model", "hw", "set", "rent", *SETTINGS)
_LONGEST_VALUE = 200
_MOST_CHANGES = 100
_MOST_RENT = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a page lets its reader choose from.

    Attributes
    ----------
    models, accelerators : mapping of str to str
        Names on the page, and what they stand for: a name of the catalogue, or a path that the command line was given.
    """

    models: Mapping[str, str]
    accelerators: Mapping[str, str]

    @classmethod
    def of(cls, model: str | None = None, hw: str | None = None) -> Self:
        """The catalogues, with a model and an accelerator of the command line where these lie in files.

        Raises
        ------
        SpecError, UnknownWorkloadError
            There is no such accelerator, or model.
        """
        models = {pipeline.name: pipeline.name for pipeline in iter_pipelines()}
        parts = {name.lower(): name for name in list_accelerators()}
        if model is not None:
            pipeline = pipeline_of(model).name
            models = models if pipeline in models else {pipeline: model} | models
        if hw is not None:
            part = load_accelerator(hw).name.lower()
            if Path(hw).is_file():
                parts = {f"{part} (file)" if part in parts else part: str(Path(hw).resolve())} | parts
        return cls(models=models, accelerators=parts)

    def started(self, model: str, hw: str, changes: Sequence[str] = ()) -> Design:
        """Design of a command line whose model and accelerator are those that this was made with.

        Raises
        ------
        SpecError
            A change that is none.
        """
        path = str(Path(hw).resolve())
        part = next((name for name, stands_for in self.accelerators.items() if stands_for == path), hw)
        known = next((name for name, stands_for in self.models.items() if stands_for == model), model)
        return Design.of([("model", known), ("hw", part), *(("set", change) for change in changes)], self)

    def model(self, name: str) -> str:
        """Name on the page of a model, or of an alias. Raises UnknownWorkloadError."""
        if not name:
            raise SpecError("give model=NAME")
        return name if name in self.models else find_pipeline(name).name

    def accelerator(self, name: str) -> str:
        """Name on the page of an accelerator, or of an alias. Raises SpecError."""
        if not name:
            raise SpecError("give hw=NAME")
        if name.lower() in self.accelerators:
            return name.lower()
        return load_accelerator(resolve_name(name).stem).name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """One side of the page.

    Attributes
    ----------
    model, hw : str
        Names of an :class:`Offer`.
    settings : tuple of (str, str)
        Values by name of :data:`SETTINGS`, in that order, without those that are as by default.
    changes : tuple of str
        ``path=value`` as ``--set`` takes them, each path once.
    rent : float or None
        What an hour of one accelerator costs. [currency of the reader]
    """

    model: str
    hw: str
    settings: tuple[tuple[str, str], ...] = ()
    changes: tuple[str, ...] = ()
    rent: float | None = None

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]], offer: Offer) -> Self:
        """Design of the pairs of an address.

        Raises
        ------
        SpecError
            A name that there is not, a value that cannot be one, or something twice.
        """
        given, changes = dict[str, str](), list[str]()
        for name, value in pairs:
            _check_pair(name, value, given)
            if name == "set":
                changes.append(value.strip())
            elif value.strip():
                given[name] = value.strip()
        if len(changes) > _MOST_CHANGES:
            raise SpecError(f"{len(changes)} changes; valid: up to {_MOST_CHANGES}")
        rent = _rent(given.pop("rent", None))
        model = offer.model(given.pop("model", ""))
        part = offer.accelerator(given.pop("hw", ""))
        _check_choices(given)
        settings = tuple((name, given[name]) for name in SETTINGS if name in given)
        return cls(model=model, hw=part, settings=settings, changes=tuple(changes), rent=rent)

    def pairs(self) -> Iterator[tuple[str, str]]:
        """What an address has of it."""
        yield from (("model", self.model), ("hw", self.hw), *self.settings)
        yield from (("set", change) for change in self.changes)
        if self.rent is not None:
            yield "rent", f"{self.rent:g}"

    def command(self, offer: Offer) -> str:
        """Command that predicts it."""
        options = [("--model", offer.models[self.model]), ("--hw", offer.accelerators[self.hw])]
        options += [("--set", change) for change in self.changes]
        switches = {"vae_tiling", "vae_slicing", "autocast"}
        options += [(f"--{_dashed(name)}", value) for name, value in self.settings if name not in switches]
        flags = [f"--{_dashed(name)}" for name, value in self.settings if name in switches and _is_yes(value)]
        return shlex.join(["simulate", *(word for option in options for word in option), *flags])


def _dashed(name: str) -> str:
    return name.replace("_", "-")


def _is_yes(value: str) -> bool:
    return value.lower() in ("yes", "true", "on", "1")


def _check_pair(name: str, value: str, given: Mapping[str, str]) -> None:
    """Refuse a name that there is not or is there twice, and a value that is none."""
    if name not in _NAMES:
        hint = did_you_mean(name, _NAMES) or f"; valid: {', '.join(_NAMES)}"
        raise SpecError(f"{name[:60]!r} is nothing that a design has{hint}")
    if len(value) > _LONGEST_VALUE or not value.isprintable():
        raise SpecError(f"{name}: {value[:40]!r}... is no value; valid: up to {_LONGEST_VALUE} characters in one line")
    if name in given:
        raise SpecError(f"{name} is there twice; give it once")


def _rent(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= _MOST_RENT:
        raise SpecError(f"rent={text}: valid: what an hour costs, 0 to {_MOST_RENT:g}")
    return value


def _check_choices(given: Mapping[str, str]) -> None:
    """Refuse values that name what is in no catalogue; settings of a run are checked where they are used."""
    scheme = given.get("quantize", UNQUANTIZED).partition(":")[0]
    for name, value, valid in (
        ("quantize", scheme, (UNQUANTIZED, *list_schemes())),
        ("host", given.get("host", ""), ("", *list_hosts())),
    ):
        if value not in valid:
            raise SpecError(f"{name}={value}: there is none of that name; valid: {', '.join(filter(None, valid))}")
    known = list_software()
    for release in filter(None, given.get("software", "").split(",")):
        if release.strip() not in known:
            raise SpecError(f"software={release}: there is none of that name; valid: {', '.join(known)}")
    typed_changes(given)


def designs_of(pairs: Sequence[tuple[str, str]], offer: Offer) -> tuple[Design, Design | None]:
    """Designs of the pairs of an address: the first, and the second where there is one. Raises as :meth:`Design.of`."""
    second = [(name.removeprefix(SECOND), value) for name, value in pairs if name.startswith(SECOND)]
    first = [(name, value) for name, value in pairs if not name.startswith(SECOND)]
    return Design.of(first, offer), Design.of(second, offer) if second else None
