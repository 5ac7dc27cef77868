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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, CalibrationPool, apply_overrides, changeable_paths
from hw_specs.reading.fields import lookup
from simulator.comparison import Speedup, speedup_between
from simulator.cost import hardware_columns, kernel_times, run_totals, within_power
from simulator.cost.gains import STEP, better
from simulator.cost.hardware import HardwareColumns
from simulator.hosts.costs import host_costs, host_of
from simulator.hosts.host import ON_THE_HOST, Host, HostCosts
from simulator.report import BoundShares
from simulator.schedule.timeline import schedule
from simulator.simulation import Simulation

from .setups import Setup, setup_of

__all__ = ["FieldSensitivity", "ResourceSensitivity", "Sensitivity", "sensitivity"]

FloatArray = NDArray[np.float64]

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
        With its interval; None where there is none.
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
        Name of a pipeline, or path of a diffusers pipeline folder.
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
    bench = _Bench.of(setup_of(model, accelerator, pool, settings or {}))
    fields = [*_accelerator_fields(bench), *_host_fields(bench), *_kernel_fields(bench)]
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


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Bench:
    """A lowered run, whose accelerator and host may be others."""

    setup: Setup
    simulation: Simulation
    hardware: HardwareColumns
    host: Host

    @classmethod
    def of(cls, setup: Setup) -> _Bench:
        return cls(
            setup=setup,
            simulation=setup.simulated(),
            hardware=hardware_columns([setup.accelerator], setup.calibrations),
            host=host_of(setup.accelerator, setup.calibrations, setup.host),
        )

    @property
    def pool(self) -> CalibrationPool:
        return self.setup.calibrations

    def latencies(self, hardware: HardwareColumns, host: Host | None = None) -> FloatArray:
        """Latency on each of some accelerators, shape (num_accelerators,). [s]"""
        issuing = host_costs(self.host if host is None else host, self.setup.accelerator)
        kernels = self.simulation.kernels
        boost = kernel_times(kernels, hardware.at_boost())
        elapsed = self._elapsed(boost.time, issuing)
        totals = run_totals(boost, kernels.count) | {"time": elapsed}
        times = within_power(boost, hardware.in_run(totals)).time
        return elapsed if times is boost.time else self._elapsed(times, issuing)

    def _elapsed(self, times: FloatArray, issuing: Mapping[str, HostCosts]) -> FloatArray:
        return np.array([schedule(self.simulation.launches, column, issuing).latency for column in times.T])


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


def _accelerator_fields(bench: _Bench) -> Iterator[FieldSensitivity]:
    """Fields of the accelerator that act, with what was computed for each at once."""
    part, before = bench.setup.accelerator, bench.simulation.report.latency
    known = {path: unit for path, unit in changeable_paths(part).items() if not path.endswith(_FOLLOWS)}
    tree = part.model_dump()
    values = {path: value for path in known if (value := lookup(tree, path)) is not None}
    factors = {path: _factors(value, count=not known[path]) for path, value in values.items()}
    variants = {path: [_changed(part, path, values[path], f) for f in factors[path]] for path in values}
    columns = hardware_columns([each for four in variants.values() for each in four], bench.pool)
    latencies = bench.latencies(columns).reshape(-1, 4).tolist()
    for path, found in zip(variants, latencies, strict=True):
        if any(abs(latency / before - 1.0) > _NOTHING for latency in found):
            twice = replace(bench.setup, accelerator=variants[path][2]).simulated()
            worth = _worth(factors[path], found, before)
            yield FieldSensitivity(field=path, unit=known[path], **worth, **_with_twice(twice, bench))


def _with_twice(twice: Simulation, bench: _Bench) -> dict[str, Any]:
    return {"speedup_2x": speedup_between(twice, bench.simulation), "bound_2x": twice.report.bound}


def _factors(value: float, *, count: bool) -> tuple[float, ...]:
    """A step less, a step more, twice and half; of a count, whole numbers near to that."""
    if not count:
        return (1.0 / (1.0 + STEP), 1.0 + STEP, 2.0, 0.5)
    step = max(1, round(_COUNT_STEP * value))
    return tuple(max(number, 1) / value for number in (value - step, value + step, 2 * value, value // 2))


def _changed(part: Accelerator, path: str, value: float, factor: float) -> Accelerator:
    count = isinstance(value, int)
    return apply_overrides(part, [f"{path}={round(value * factor)}" if count else f"{path}={factor!r}x"])


def _host_fields(bench: _Bench) -> Iterator[FieldSensitivity]:
    """The host's speed, and the latencies that are not its processor's."""
    before = bench.simulation.report.latency
    factors = _factors(1.0, count=False)
    for name, costs, power in (("speed", ON_THE_HOST, -1), ("gap", ("gap",), 1), ("delay", ("delay",), 1)):
        hosts = [_scaled(bench.host, costs, factor**power) for factor in factors]
        found = [float(bench.latencies(bench.hardware, host)[0]) for host in hosts]
        if any(abs(latency / before - 1.0) > _NOTHING for latency in found):
            twice, worth = replace(bench.setup, host=hosts[2]).simulated(), _worth(factors, found, before)
            unit = "1" if power < 0 else "s"
            yield FieldSensitivity(field=f"host.{name}", unit=unit, **worth, **_with_twice(twice, bench))


def _scaled(host: Host, costs: Sequence[str], factor: float) -> Host:
    scaled = {mode: of_mode.scaled(dict.fromkeys(costs, factor)) for mode, of_mode in host.costs.items()}
    return replace(host, name=f"{host.name}, {costs[0]} x {factor:g}", costs=scaled)


def _kernel_fields(bench: _Bench) -> Iterator[FieldSensitivity]:
    """Latencies within kernels, which no field of an accelerator holds."""
    before, factors = bench.simulation.report.latency, _factors(1.0, count=False)
    found = _on_better(bench, "launch", [1.0 / factor for factor in factors]).tolist()
    if any(abs(latency / before - 1.0) > _NOTHING for latency in found):
        yield FieldSensitivity(field="kernel.latency", unit="s", **_worth(factors, found, before))


def _on_better(bench: _Bench, resource: str, factors: Sequence[float]) -> FloatArray:
    copies = bench.hardware.select(np.zeros(len(factors), dtype=np.int64))
    return bench.latencies(better(copies, {resource: np.array(factors)}))


def _resources(bench: _Bench) -> Iterator[ResourceSensitivity]:
    """Resources as "bound by" has them, those that hold something back; the gap between kernels is launch."""
    report, factors = bench.simulation.report, _factors(1.0, count=False)
    shares = asdict(report.bound)
    shares["compute"] += shares.pop("occupancy")
    for name, share in sorted(shares.items(), key=lambda item: -item[1]):
        found = _of_resource(bench, name, factors)
        if any(abs(latency / report.latency - 1.0) > _NOTHING for latency in found):
            worth = _worth(factors, found, report.latency)
            del worth["step"]
            yield ResourceSensitivity(resource=name, share=share, **worth)


def _of_resource(bench: _Bench, name: str, factors: Sequence[float]) -> list[float]:
    if name == "host":
        hosts = [_scaled(bench.host, (*ON_THE_HOST, "delay"), 1.0 / factor) for factor in factors]
        return [float(bench.latencies(bench.hardware, host)[0]) for host in hosts]
    if name == "launch":
        return [
            float(
                bench.latencies(better(bench.hardware, {name: factor}), _scaled(bench.host, ("gap",), 1.0 / factor))[0]
            )
            for factor in factors
        ]
    return [float(latency) for latency in _on_better(bench, name, factors)]
