"""A host as a noun: what the processor that drives an accelerator pays for each thing that it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, Self, get_args

from pydantic import Field, model_validator

from hw_specs.reading.record import Count, Record, Text
from hw_specs.units.quantity import Ratio, Seconds

__all__ = ["COSTS", "ON_THE_HOST", "Host", "HostCosts", "HostFile", "Mode"]

Mode = Literal["eager", "compiled", "cuda-graph", "compiled-graph", "cpu"]
"""Execution modes, and ``cpu`` where the host is the accelerator itself."""
Kind = Literal["server", "workstation", "desktop", "laptop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCosts:
    """What the host pays for each thing that it does. All in seconds.

    Attributes
    ----------
    view : float
        An operator that launches nothing: Python call, dispatch, a new tensor object.
    operator : float
        An operator that launches an elementwise kernel, a copy or a reduction: Python call, dispatch, checks,
        allocation of the output. Compiled: the wrapper's call of a generated kernel.
    row_wise : float
        A normalization or softmax.
    product : float
        A matrix product: views of the weight, descriptors, the library's choice of a kernel.
    convolution : float
        A convolution: descriptors and the library's cached plan.
    attention : float
        Fused attention: choice of the implementation, checks, several nested operators.
    collective : float
        A collective: the Python of ``torch.distributed``, its process group's checks, events and work object.
    launch : float
        One kernel launch through the driver.
    module : float
        Entering or leaving a ``torch.nn.Module``: ``__call__`` and the Python code of the model between operators.
    guards : float
        Of compiled code, before its first launch, for each module with weights: checks that both are as they were.
    stage : float
        Starting one run of a stage of a pipeline: the pipeline's own Python code, scheduler included.
    delay : float
        From the launch call's return to the kernel's start on an idle device.
    gap : float
        Between two queued kernels on a busy device.
    """

    view: float = 0.0
    operator: float = 0.0
    row_wise: float = 0.0
    product: float = 0.0
    convolution: float = 0.0
    attention: float = 0.0
    collective: float = 0.0
    launch: float = 0.0
    module: float = 0.0
    guards: float = 0.0
    stage: float = 0.0
    delay: float = 0.0
    gap: float = 0.0

    def scaled(self, factors: Mapping[str, float]) -> HostCosts:
        """The same costs with some multiplied."""
        return replace(self, **{name: getattr(self, name) * factor for name, factor in factors.items()})


COSTS = tuple(item.name for item in fields(HostCosts))
#: Costs that the processor pays; delay and gap are those of the device and the bus.
ON_THE_HOST = tuple(name for name in COSTS if name not in ("delay", "gap"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host and its costs by execution mode.

    Attributes
    ----------
    name : str
    kind : {"server", "workstation", "desktop", "laptop"}
    year : int
        When machines of its kind were new.
    processor : str
    costs : mapping of str to HostCosts
        By :data:`Mode`.
    """

    name: str
    kind: Kind
    year: int
    processor: str
    costs: Mapping[str, HostCosts]

    def to_dict(self) -> dict[str, Any]:
        """Plain form for reports, without the costs."""
        return {name: value for name, value in asdict(self).items() if name != "costs"}


class _Costs(Record):
    """Costs of one mode that a file states; those that it leaves out are those of the host that it is like, else none.

    Each is as :class:`HostCosts` says. [s]
    """

    view: Seconds | None = None
    operator: Seconds | None = None
    row_wise: Seconds | None = None
    product: Seconds | None = None
    convolution: Seconds | None = None
    attention: Seconds | None = None
    collective: Seconds | None = None
    launch: Seconds | None = None
    module: Seconds | None = None
    guards: Seconds | None = None
    stage: Seconds | None = None
    delay: Seconds | None = None
    gap: Seconds | None = None

    def stated(self) -> dict[str, float]:
        """Costs by name. [s]"""
        return {name: value for name, value in self.model_dump().items() if value is not None}


class HostFile(Record):
    """One file: a host, with what was measured on it."""

    name: Text
    kind: Kind
    year: Count
    processor: Text
    like: Text | None = None
    """Host whose costs hold, times `slowdown`, where this one states none."""
    slowdown: Ratio | None = None
    """Time of the same Python over that of the host that it is like; delay and gap stay. [1]"""
    costs: dict[Mode, _Costs] = Field(default_factory=dict)
    sources: dict[str, Text]
    """Where `slowdown` and the costs of each mode come from, by name."""
    notes: Text | None = None

    @model_validator(mode="after")
    def _says_enough(self) -> Self:
        if self.slowdown is not None and self.like is None:
            raise ValueError("slowdown: of what? give the host it is like as 'like: NAME'")
        absent = [mode for mode in get_args(Mode) if mode not in self.costs]
        if self.like is None and absent:
            modes = ", ".join(absent)
            raise ValueError(f"costs: none of {modes} execution; give them, or a host it is like as 'like: NAME'")
        stated = (*(("slowdown",) if self.slowdown is not None else ()), *self.costs)
        missing = [name for name in stated if name not in self.sources]
        if missing:
            raise ValueError(f"no source of {', '.join(missing)}; add it to sources")
        return self

    def on(self, like: Mapping[str, HostCosts]) -> Host:
        """The host, given the costs of the one that it is like (of none: an empty mapping)."""
        scaled = {mode: costs.scaled(dict.fromkeys(ON_THE_HOST, self.slowdown or 1.0)) for mode, costs in like.items()}
        stated: dict[str, dict[str, float]] = {mode: costs.stated() for mode, costs in self.costs.items()}
        modes = tuple(dict.fromkeys((*scaled, *stated)))
        costs = {mode: replace(scaled.get(mode, HostCosts()), **stated.get(mode, {})) for mode in modes}
        return Host(name=self.name, kind=self.kind, year=self.year, processor=self.processor, costs=costs)
