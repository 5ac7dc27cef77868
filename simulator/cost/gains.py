r"""What holds kernels back: the share of its time that each gains from a slightly better resource.

Of a resource :math:`r` that a kernel's time :math:`t` depends on, the share is the elasticity
:math:`-\partial \ln t / \partial \ln r`. Where all of a time scales with rates and latencies these add up to 1 (Euler's
theorem on homogeneous functions); what is left over is time that none of them shortens, of cores that wait for blocks
or bytes in flight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import KernelTables
from simulator.kernels.totals import weighted_total

from .hardware import HardwareColumns
from .model import Fidelity, KernelCosts, kernel_times, run_totals, within_power
from .parameters import Parameters
from .roofline import BOUNDS

__all__ = ["RESOURCES", "STEP", "CoreSteps", "Gains", "better", "gains_of", "trial_columns", "trial_times"]

FloatArray = NDArray[np.float64]

#: What can be better: arithmetic units and their clock; DRAM and caches; the power limit; links to other accelerators;
#: the shortest time of a kernel. Occupancy is what none of them shortens.
RESOURCES = ("compute", "memory", "power", "link", "launch", "occupancy")

#: Improvement that is tried, small enough for a derivative and far above rounding.
STEP = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreSteps:
    """Relative change of the time on the device with 1 % fewer and with 1 % more cores, each as fast as before. [1]

    Blocks of work go over the cores in waves, and where one ends just so, either can be far from 1 %.
    """

    fewer: float
    more: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Gains:
    """What changes of an accelerator would bring.

    Attributes
    ----------
    shares : ndarray, shape (num_kernels, num_resources)
        Shares of each kernel's time by resource, which add up to 1 where it has any; zero for kernels that nobody
        asked for.
    steps : CoreSteps or None
        None where the time is a bound.
    """

    shares: FloatArray
    steps: CoreSteps | None = None


def trial_columns(hardware: HardwareColumns) -> HardwareColumns:
    """Each accelerator as it is, with each resource but occupancy a step better, with fewer and with more cores.

    Columns of one accelerator follow one another. With fewer and more cores every core is as fast as before.
    """
    copies = hardware.select(np.repeat(np.arange(len(hardware)), _TRIALS))
    trial = np.tile(np.arange(_TRIALS), len(hardware))
    factors = {name: np.where(trial == at, 1.0 + STEP, 1.0) for at, name in enumerate(RESOURCES[:-1], start=1)}
    moved, cores = better(copies, factors), np.concatenate((np.ones(len(RESOURCES)), _CORES))[trial]
    return replace(moved.with_faster_units(cores), cores=moved.cores * cores)


def trial_times(kernels: KernelTables, trials: HardwareColumns, *, fidelity: Fidelity) -> KernelCosts:
    """Times at the boost clock on :func:`trial_columns`, where more power changes nothing and is not computed again."""
    column = np.arange(len(trials))
    column -= np.where(column % _TRIALS == _POWER, _POWER, 0)
    kept, place = np.unique(column, return_inverse=True)
    return kernel_times(kernels, trials.select(kept).at_boost(), fidelity=fidelity).at(columns=place)


def gains_of(
    kernels: KernelTables, hardware: HardwareColumns, *, fidelity: Fidelity, tried: KernelCosts | None = None
) -> Gains:
    """What changes of one accelerator would bring to some kernels, together with their launches.

    Parameters
    ----------
    kernels : KernelTables
    hardware : HardwareColumns
        One accelerator, alone or in a run.
    fidelity : {"calibrated", "roofline"}
    tried : KernelCosts, optional
        Their :func:`trial_times` on it, where they are known.
    """
    trials = trial_columns(hardware)
    if fidelity == "roofline" or hardware.run:
        tried = trial_times(kernels, trials, fidelity=fidelity) if tried is None else tried
    else:
        tried = kernel_times(kernels, trials, fidelity=fidelity)
    costs = _in_run(kernels, tried, trials) if fidelity == "calibrated" and hardware.run else tried
    return Gains(
        shares=_shares(costs.at(columns=np.arange(len(RESOURCES)))),
        steps=_core_steps(kernels, costs.time[:, [0, -2, -1]]) if fidelity == "calibrated" else None,
    )


def _in_run(kernels: KernelTables, boost: KernelCosts, trials: HardwareColumns) -> KernelCosts:
    """Costs in a run, whose totals go with those of these kernels: what they draw changes with the accelerator."""
    own = run_totals(boost, kernels.count)
    totals = {name: trials.run[name] * (own[name] / max(own[name][0], 1e-30)) for name in own}
    return within_power(boost, trials.in_run(totals))


def _shares(costs: KernelCosts) -> FloatArray:
    """Shares of each kernel's time by resource from its costs as it is and with each resource a step better."""
    before, after = costs.time[:, 0], costs.time[:, 1:]
    gained = np.maximum(before[:, None] - after, 0.0) / np.where(before > 0, before, 1.0)[:, None]
    shares = gained * (1.0 + STEP) / STEP
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1.0)
    rest = np.where(before > 0, np.maximum(1.0 - shares.sum(axis=1), 0.0), 0.0)
    return _waiting_cores(np.column_stack((shares, rest)), costs.bound[:, 0])


def _core_steps(kernels: KernelTables, times: FloatArray) -> CoreSteps:
    """Of times as it is and with fewer and more cores, weighted by their launches."""
    before, fewer, more = weighted_total(kernels.count, times).tolist()
    return CoreSteps(fewer=fewer / before - 1.0, more=more / before - 1.0) if before else CoreSteps(fewer=0.0, more=0.0)


#: Cores over what they are in a step less and a step more. [1]
_CORES = np.array([1.0 - 0.01, 1.0 + 0.01])
_TRIALS = len(RESOURCES) + len(_CORES)
_POWER = 1 + RESOURCES.index("power")


def _waiting_cores(shares: FloatArray, bound: NDArray[np.int64]) -> FloatArray:
    """Shares with the arithmetic of cores that wait for blocks or for their own chains counted as occupancy."""
    waiting = bound == BOUNDS.index("occupancy")
    compute, occupancy = RESOURCES.index("compute"), RESOURCES.index("occupancy")
    shares[waiting, occupancy] += shares[waiting, compute]
    shares[waiting, compute] = 0.0
    return shares


def better(hardware: HardwareColumns, factors: Mapping[str, FloatArray | float]) -> HardwareColumns:
    """Accelerators with some of :data:`RESOURCES` but occupancy better by factors, shape (num_accelerators,)."""
    every = {name: np.broadcast_to(np.asarray(factors.get(name, 1.0)), (len(hardware),)) for name in RESOURCES}
    compute, memory, launch = (every[name] for name in ("compute", "memory", "launch"))
    return replace(
        hardware.with_faster_units(compute),
        dram_bandwidth=hardware.dram_bandwidth * memory,
        dram_achievable_read=hardware.dram_achievable_read * memory,
        dram_achievable_copy=hardware.dram_achievable_copy * memory,
        cache_bandwidth=hardware.cache_bandwidth * memory,
        cache_rate=hardware.cache_rate * memory,
        operand_rate=hardware.operand_rate * memory,
        shared_rate=hardware.shared_rate * memory,
        clock=hardware.clock * compute,
        power_limit=hardware.power_idle + (hardware.power_limit - hardware.power_idle) * every["power"],
        link_bandwidth=hardware.link_bandwidth * every["link"],
        wide_link_bandwidth=hardware.wide_link_bandwidth * every["link"],
        shortest_kernel=hardware.shortest_kernel / launch,
        parameters={group: _shortened(record, launch) for group, record in hardware.parameters.items()},
    )


def _shortened(record: Parameters, factor: FloatArray) -> Parameters:
    """Parameters of a group with its latencies shorter."""
    names = [name for name, declaration in record.declarations().items() if declaration.unit == "s"]
    return replace(record, **{name: getattr(record, name) / factor for name in names})
