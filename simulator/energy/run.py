r"""Energy of a run: what the board draws while it waits, what running cores add, and what the work itself takes.

.. math:: E = \sum_s \min\Big(P_{idle} T_s + P_{active} B_s + \sum_{k \in s} e \cdot w_k,\; P_{board} T_s\Big)

over the stages `s`, with elapsed time :math:`T_s`, device time :math:`B_s` and the work :math:`w_k` of each kernel:
FLOPs by format and unit, special functions, scores of fused attention, bytes by memory level. The limit holds over tens
of milliseconds and more, so it acts on the mean of a stage and not on single kernels.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator
from hw_specs.inheritance.power_rules import relative_voltage
from simulator.cost import KernelCosts
from simulator.cost.energies import kernel_energies
from simulator.cost.hardware.power import EnergyBasis, PowerModel, power_model
from simulator.lowering import assign_units
from simulator.schedule.timeline import StageTimeline, Timeline

if TYPE_CHECKING:
    from simulator.uncertainty.intervals import Interval

__all__ = [
    "EnergyEstimate",
    "StageWork",
    "energy_at_boost",
    "energy_interval",
    "energy_line",
    "energy_of",
    "stage_energy",
    "stage_work",
    "sustained_clock",
]

FloatArray = NDArray[np.float64]

#: How far the energy of a part that is held at its limit scatters around limit times time (10 and 90 %): a limit is
#: approached from below. Mean power of the published runs of A100 and H100 is 0.89 to 0.97 of the limit.
_AT_LIMIT_SPREAD = (-0.06, 0.02)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyEstimate:
    """Energy of a run on one device.

    Attributes
    ----------
    energy : float
        Of the board, for the whole run. [J]
    energy_per_output : float
        For one image, video or sequence. [J]
    average_power : float
        [W]
    low, high : float
        80 % interval of the energy: residuals of energies that no fit saw, joined with the interval of the latency
        where there is one. [J]
    by_stage : dict
        Stage to its energy. [J]
    clock : float
        Share of the boost clock at which the board stays within its limit, mean over the time; 1 where it does at
        boost.
    basis : {"calibrated", "inherited", "datasheet"}
        Whether energy of this part was measured, of a relative, or whether only a datasheet stands behind it.
    fitted_on : tuple of str
    """

    energy: float
    energy_per_output: float
    average_power: float
    low: float
    high: float
    by_stage: dict[str, float]
    clock: float
    basis: EnergyBasis
    fitted_on: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain form for JSON; ``interval`` is ``[low, high]``. SI units."""
        plain = asdict(self)
        interval = [plain.pop("low"), plain.pop("high")]
        return {**plain, "interval": interval, "fitted_on": list(self.fitted_on)}


@dataclass(frozen=True, slots=True, kw_only=True)
class StageWork:
    """What the energy of a stage follows from, all repeats together.

    Attributes
    ----------
    name : str
    elapsed, busy : float
        Elapsed time, and the part of it in which kernels run. [s]
    work : float
        Energy of the work of its kernels. [J]
    """

    name: str
    elapsed: float
    busy: float
    work: float


def energy_of(
    timeline: Timeline,
    costs: KernelCosts,
    accelerator: Accelerator,
    *,
    latency_interval: Interval | None = None,
    model: PowerModel | None = None,
) -> EnergyEstimate:
    """Energy of a simulated run.

    Parameters
    ----------
    timeline : Timeline
    costs : KernelCosts
        Of the kernels of the timeline on this accelerator: arrays of shape (num_kernels, 1).
    accelerator : Accelerator
    latency_interval : Interval, optional
        80 % interval of the timeline's latency; without one, the energy's interval is that of a known time.
    model : PowerModel, optional
        The accelerator's own by default.

    Raises
    ------
    UnknownPowerError
        The accelerator's specification has no power.
    """
    model = model or power_model(accelerator)
    table = assign_units(timeline.launches.kernels, accelerator)
    work = kernel_energies(table, accelerator, model.parameters)
    stages = [stage_work(stage, work) for stage in timeline.stages]
    total = sum(stage_energy(stage, model) for stage in stages)
    low, high = energy_interval(stages, model, timeline.latency, latency_interval)
    outputs = max(timeline.launches.graph.workload.batch, 1)
    elapsed = timeline.latency
    return EnergyEstimate(
        energy=total,
        energy_per_output=total / outputs,
        average_power=total / elapsed if elapsed else 0.0,
        low=low,
        high=high,
        by_stage={stage.name: stage_energy(stage, model) for stage in stages},
        clock=_mean_clock(stages, model),
        basis=model.basis,
        fitted_on=model.fitted_on,
    )


def sustained_clock(power: float, *, idle: float, board: float | None) -> float:
    """Share of the boost clock at which a part that would draw `power` at boost stays within its limit.

    .. math:: P_{idle} + (P - P_{idle})\\, f\\, v(f)^2 = P_{board}

    Parameters
    ----------
    power, idle : float
        [W]
    board : float or None
        [W]
    """
    if board is None or power <= board:
        return 1.0
    share = max(board - idle, 0.0) / (power - idle)
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if middle * relative_voltage(middle) ** 2 < share else (low, middle)
    return 0.5 * (low + high)


def energy_line(estimate: EnergyEstimate) -> str:
    """One line for people: energy for one output, mean power, interval and what stands behind them."""
    outputs = max(estimate.energy / estimate.energy_per_output, 1.0) if estimate.energy_per_output else 1.0
    low, high = estimate.low / outputs, estimate.high / outputs
    limit = f", clock held at {100 * estimate.clock:.0f} % by the power limit" if estimate.clock < 0.995 else ""
    return (
        f"{_joules(estimate.energy_per_output)} per output   80 % interval {_joules(low)} to {_joules(high)}, "
        f"{estimate.average_power:.0f} W on average{limit} ({_GROUNDS[estimate.basis]})"
    )


_GROUNDS: dict[str, str] = {
    "calibrated": "fitted on energies of this part",
    "inherited": "carried over from energies of a related part by process",
    "datasheet": "not measured on any related part: board limit, process and peak rates of the datasheet alone",
}


def _joules(value: float) -> str:
    for scale, unit in ((1e6, "MJ"), (1e3, "kJ"), (1.0, "J")):
        if value >= scale:
            return f"{value / scale:.4g} {unit}"
    return f"{value * 1e3:.4g} mJ"


def stage_work(stage: StageTimeline, work: FloatArray) -> StageWork:
    """Times and work of a stage, from the energy of the work of each kernel, shape (num_kernels,). [J]"""
    return StageWork(
        name=stage.launches.stage.name,
        elapsed=stage.latency,
        busy=float(stage.execution.sum()),
        work=float(work[stage.launches.rows].sum()) * stage.launches.launches_per_variant,
    )


def energy_at_boost(stage: StageWork, model: PowerModel, factor: float = 1.0) -> float:
    """Energy without the limit of the board, everything above idle times `factor`. [J]"""
    p = model.parameters
    return p.idle * stage.elapsed + factor * (p.active * stage.busy + stage.work)


def stage_energy(stage: StageWork, model: PowerModel, factor: float = 1.0) -> float:
    """Energy within the limit of the board, everything above idle times `factor` before the limit acts. [J]"""
    free = energy_at_boost(stage, model, factor)
    return free if model.board is None else min(free, model.board * stage.elapsed)


def _mean_clock(stages: list[StageWork], model: PowerModel) -> float:
    elapsed = sum(stage.elapsed for stage in stages)
    if not elapsed:
        return 1.0
    idle = model.parameters.idle
    clocks = [
        stage.elapsed * sustained_clock(energy_at_boost(stage, model) / stage.elapsed, idle=idle, board=model.board)
        for stage in stages
        if stage.elapsed
    ]
    return sum(clocks) / elapsed


def energy_interval(
    stages: list[StageWork], model: PowerModel, latency: float, interval: Interval | None
) -> tuple[float, float]:
    """80 % interval: scatter of power at a known time, and the time's, as independent causes."""
    energy = sum(stage_energy(stage, model) for stage in stages)
    if not energy:
        return 0.0, 0.0
    moved = [sum(stage_energy(s, model, math.exp(shift)) for s in stages) for shift in model.spread]
    at_limit = sum(s.elapsed for s in stages if model.board and energy_at_boost(s, model) > model.board * s.elapsed)
    share = at_limit / latency if latency else 0.0
    power = [math.log(value / energy) + share * extra for value, extra in zip(moved, _AT_LIMIT_SPREAD, strict=True)]
    centre, half = 0.0, 0.0
    if interval is not None and latency:
        steepness = _steepness(stages, model, energy)
        ends = [steepness * math.log(end / latency) for end in (interval.low, interval.high)]
        centre, half = 0.5 * (ends[0] + ends[1]), 0.5 * (ends[1] - ends[0])
    low = centre - math.hypot(min(power[0], 0.0), half)
    high = centre + math.hypot(max(power[1], 0.0), half)
    return energy * math.exp(low), energy * math.exp(high)


def _steepness(stages: list[StageWork], model: PowerModel, energy: float) -> float:
    """Relative change of the energy over that of the time: 1 at the limit, else the share of what grows with time."""
    p, grows = model.parameters, 0.0
    for stage in stages:
        free = energy_at_boost(stage, model)
        limited = model.board is not None and free > model.board * stage.elapsed
        grows += stage_energy(stage, model) if limited else p.idle * stage.elapsed + p.active * stage.busy
    return grows / energy
