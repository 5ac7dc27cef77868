r"""What each field of an accelerator, its host and its kernels' latencies is worth to a workload.

The elasticity of the latency :math:`T` in a field :math:`x` is :math:`\partial \ln T / \partial \ln x`, a central
difference of the step by which shares of "bound by" are made (:data:`simulator.cost.gains.STEP`). Those of the
resources add up to the shares, with the opposite sign: better resources are those of
:func:`simulator.cost.gains.better`. At the power limit they add up to more than 1, since the clock rises where work
becomes less, and shares are in proportion.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from hw_specs import Accelerator, CalibrationPool, changeable_paths
from simulator.comparison import Speedup
from simulator.cost.gains import STEP
from simulator.hosts.host import ON_THE_HOST, Host
from simulator.schedule.pieces import BoundShares
from simulator.views.frames import frame_of

from .bench import Bench, Change
from .setups import setup_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FieldSensitivity", "ResourceSensitivity", "Sensitivity", "sensitivity"]

# Relative change of the latency below which a field does not act: rounding.
_NOTHING = 1e-9
# Slopes to both sides that differ by more are those of a step.
_STEP_SLOPE = 0.1
# Part of a count by which it is moved, as cores are for "1 % of the cores".
_COUNT_STEP = 0.01
# A bandwidth that was measured is no choice of who designs a part: it goes with the other one.
_FOLLOWS = "measured_bandwidth"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSensitivity:
    """What one field is worth.

    Attributes
    ----------
    field : str
        Path as ``--set`` takes it; ``host.speed`` of the whole host, ``host.gap`` and ``host.delay`` of two of its
        latencies, ``kernel.latency`` of all latencies within kernels.
    elasticity : float
        Of the latency: -1 where the field is all that counts. At a step, the smaller slope of both sides. [1]
    gain_2x, gain_half : float
        Speed-up with twice and with half the field, and all that follows it. [1]
    unit : str
        SI unit; empty for a count.
    speedup_2x : Speedup, optional
        With its interval.
    bound_2x : BoundShares, optional
        What holds the run back with twice the field.
    step : (float, float), optional
        Relative change of the latency with one step less and more, where these are not alike: of a field whose
        present value ends a wave of blocks or just holds one more. [1]
    """

    field: str
    elasticity: float
    gain_2x: float
    gain_half: float
    unit: str
    speedup_2x: Speedup | None = None
    bound_2x: BoundShares | None = None
    step: tuple[float, float] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain form for JSON."""
        interval = None if self.speedup_2x is None else self.speedup_2x.interval
        return {
            "field": self.field,
            "elasticity": self.elasticity,
            "gain_2x": self.gain_2x,
            "gain_half": self.gain_half,
            "unit": self.unit,
            "gain_2x_interval": None if interval is None else (interval.low, interval.high),
            "bound_2x": None if self.bound_2x is None else asdict(self.bound_2x),
            "step": self.step,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceSensitivity:
    """What one resource of "bound by" is worth as a whole.

    Attributes
    ----------
    resource : str
    share : float
        Of the latency, as reports have it; occupancy counts with the arithmetic units whose cores wait. [1]
    elasticity, gain_2x, gain_half : float
        As those of a field; a resource twice as good is one of twice the rate or half the latency. [1]
    """

    resource: str
    share: float
    elasticity: float
    gain_2x: float
    gain_half: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """What fields and resources are worth to one run, those of most worth first."""

    model: str
    accelerator: str
    latency: float
    bound: BoundShares
    fields: tuple[FieldSensitivity, ...]
    resources: tuple[ResourceSensitivity, ...]
    remarks: tuple[str, ...] = ()

    def to_list(self) -> list[dict[str, Any]]:
        """Fields in plain form for JSON."""
        return [field.to_dict() for field in self.fields]

    def to_pandas(self) -> pd.DataFrame:
        """A row for each field (:func:`simulator.views.frames.frame_of`)."""
        return frame_of(self.to_list())


def sensitivity(
    model: str,
    accelerator: Accelerator,
    *,
    settings: Mapping[str, object] | None = None,
    calibrations: CalibrationPool | None = None,
) -> Sensitivity:
    """What every field that acts is worth to a workload: of the accelerator, its host and its kernels' latencies.

    Parameters
    ----------
    model : str
        Name of a pipeline, or path of a folder of a diffusers pipeline or a language model.
    accelerator : Accelerator
    settings : mapping, optional
        What is set beside the defaults, by name of :data:`simulator.whatif.setups.AXES`: ``{"batch": 4}``.
    calibrations : CalibrationPool, optional
        Those that ship with the package by default.

    Raises
    ------
    UnsupportedFormatError, ExecutionError, UnknownWorkloadError
        The accelerator cannot run the workload; there is none of that name.

    Examples
    --------
    >>> from hw_specs import load_accelerator
    >>> found = sensitivity("stable-diffusion", load_accelerator("t4"))
    >>> found.fields[0].field
    'power.board'
    """
    pool = CalibrationPool.shipped() if calibrations is None else calibrations
    bench = Bench.of(setup_of(model, accelerator, pool, settings or {}))
    fields = list(_fields(bench))
    fields.sort(key=lambda field: -max(abs(math.log(field.gain_2x)), abs(math.log(field.gain_half))))
    report, remark = bench.simulation.report, bench.setup.remark
    return Sensitivity(
        model=report.model,
        accelerator=report.accelerator,
        latency=report.latency,
        bound=report.bound,
        fields=tuple(fields),
        resources=tuple(_resources(bench)),
        remarks=(remark,) if remark else (),
    )


def _worth(factors: Sequence[float], latencies: Sequence[float], before: float) -> dict[str, Any]:
    """Elasticity, gains and step from latencies with a field a step less, a step more, twice and half as large."""
    (less, more), (below, above) = factors[:2], latencies[:2]
    less = less if less < 1.0 else 1.0 / more  # of a count of one
    down, up = math.log(before / below) / -math.log(less), math.log(above / before) / math.log(more)
    steps = abs(up - down) > _STEP_SLOPE
    central = math.log(above / below) / math.log(more / less)
    return {
        "elasticity": min(up, down, key=abs) if steps else central,
        "gain_2x": before / latencies[2],
        "gain_half": before / latencies[3],
        "step": (below / before - 1.0, above / before - 1.0) if steps else None,
    }


def _fields(bench: Bench) -> Iterator[FieldSensitivity]:
    """Fields that act; all changes are computed at once."""
    tried = {trial.field: trial for trial in (*_of_accelerator(bench), *_of_host(bench), _of_kernels())}
    before = bench.simulation.report.latency
    latencies = bench.latencies([change for trial in tried.values() for change in trial.changes]).reshape(-1, 4)
    found = dict(zip(tried, latencies.tolist(), strict=True))
    acting = [trial for name, trial in tried.items() if _acts(found[name], before)]
    twice = bench.speedups([trial.changes[2] for trial in acting])
    for trial, (speedup, bound) in zip(acting, twice, strict=True):
        worth = _worth(trial.factors, found[trial.field], before)
        yield FieldSensitivity(field=trial.field, unit=trial.unit, speedup_2x=speedup, bound_2x=bound, **worth)


def _acts(latencies: Sequence[float], before: float) -> bool:
    return any(abs(latency / before - 1.0) > _NOTHING for latency in latencies)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """A field, and changes of it: a step less, a step more, twice and half."""

    field: str
    unit: str
    factors: tuple[float, ...]
    changes: tuple[Change, ...]


def _of_accelerator(bench: Bench) -> Iterator[_Trial]:
    for path, unit in changeable_paths(bench.setup.accelerator).items():
        if path in bench.numbers and not path.endswith(_FOLLOWS):
            value = bench.numbers[path]
            factors = _factors(value, count=not unit)
            changes = tuple(Change(numbers={path: _times(value, factor)}) for factor in factors)
            yield _Trial(field=path, unit=unit, factors=factors, changes=changes)


def _times(value: float, factor: float) -> float:
    return round(value * factor) if isinstance(value, int) else value * factor


def _factors(value: float, *, count: bool) -> tuple[float, ...]:
    """A step less, a step more, twice and half; of a count, whole numbers near to that."""
    if not count:
        return (1.0 / (1.0 + STEP), 1.0 + STEP, 2.0, 0.5)
    step = max(1, round(_COUNT_STEP * value))
    return tuple(max(number, 1) / value for number in (value - step, value + step, 2 * value, value // 2))


def _of_host(bench: Bench) -> Iterator[_Trial]:
    """The host's speed, and the latencies that are not its processor's."""
    factors = _factors(1.0, count=False)
    for name, costs, power in (("speed", ON_THE_HOST, -1), ("gap", ("gap",), 1), ("delay", ("delay",), 1)):
        changes = tuple(Change(host=_scaled(bench.host, costs, factor**power)) for factor in factors)
        yield _Trial(field=f"host.{name}", unit="1" if power < 0 else "s", factors=factors, changes=changes)


def _scaled(host: Host, costs: Sequence[str], factor: float) -> Host:
    scaled = {mode: of_mode.scaled(dict.fromkeys(costs, factor)) for mode, of_mode in host.costs.items()}
    return replace(host, name=f"{host.name}, {costs[0]} x {factor:g}", costs=scaled)


def _of_kernels() -> _Trial:
    """Latencies within kernels, which no field of an accelerator holds: one property more of a part."""
    factors = _factors(1.0, count=False)
    changes = tuple(Change(better={"launch": 1.0 / factor}, apart=abs(math.log(factor))) for factor in factors)
    return _Trial(field="kernel.latency", unit="s", factors=factors, changes=changes)


def _resources(bench: Bench) -> Iterator[ResourceSensitivity]:
    """Resources as "bound by" has them, those that hold something back; the gap between kernels is launch."""
    report, factors = bench.simulation.report, _factors(1.0, count=False)
    shares = asdict(report.bound)
    shares["compute"] += shares.pop("occupancy")
    names = sorted(shares, key=lambda name: -shares[name])
    changes = [_better(bench.host, name, factor) for name in names for factor in factors]
    for name, found in zip(names, bench.latencies(changes).reshape(-1, 4).tolist(), strict=True):
        if _acts(found, report.latency):
            worth = _worth(factors, found, report.latency)
            del worth["step"]
            yield ResourceSensitivity(resource=name, share=shares[name], **worth)


def _better(host: Host, resource: str, factor: float) -> Change:
    """A resource better by a factor."""
    if resource == "host":
        return Change(host=_scaled(host, (*ON_THE_HOST, "delay"), 1.0 / factor))
    gap = _scaled(host, ("gap",), 1.0 / factor) if resource == "launch" else None
    return Change(better={resource: factor}, host=gap)
