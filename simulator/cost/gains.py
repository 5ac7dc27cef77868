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

__all__ = ["RESOURCES", "STEP", "CoreSteps", "Gains", "better", "core_steps", "resource_shares"]

FloatArray = NDArray[np.float64]

#: What can be better: arithmetic units and their clock; DRAM and caches; the power limit; links to other accelerators;
#: the shortest time of a kernel. Occupancy is what none of them shortens.
RESOURCES = ("compute", "memory", "power", "link", "launch", "occupancy")

#: Improvement that is tried, small enough for a derivative and far above rounding.
STEP = 1e-3


def resource_shares(kernels: KernelTables, hardware: HardwareColumns, *, fidelity: Fidelity) -> FloatArray:
    """Shares of each kernel's time by resource, shape (num_kernels, num_resources); they add up to 1 where it has any.

    Parameters
    ----------
    kernels : KernelTables
    hardware : HardwareColumns
        One accelerator.
    fidelity : {"calibrated", "roofline"}
    """
    costs = _costs(kernels, _improved(hardware), fidelity)
    before, after = costs.time[:, 0], costs.time[:, 1:]
    gained = np.maximum(before[:, None] - after, 0.0) / np.where(before > 0, before, 1.0)[:, None]
    shares = gained * (1.0 + STEP) / STEP
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1.0)
    rest = np.where(before > 0, np.maximum(1.0 - shares.sum(axis=1), 0.0), 0.0)
    shares = np.column_stack((shares, rest))
    return _waiting_cores(shares, costs.bound[:, 0])


def _costs(kernels: KernelTables, hardware: HardwareColumns, fidelity: Fidelity) -> KernelCosts:
    """Costs on variants of an accelerator of which the first is as it is.

    What kernels of a run draw beside one another changes with them: its totals go with those of these kernels.
    """
    if fidelity == "roofline" or not hardware.run:
        return kernel_times(kernels, hardware, fidelity=fidelity)
    boost = kernel_times(kernels, hardware.at_boost(), fidelity=fidelity)
    own = run_totals(boost, kernels.count)
    totals = {name: hardware.run[name] * (own[name] / max(own[name][0], 1e-30)) for name in own}
    return within_power(boost, hardware.in_run(totals))


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
        See :func:`resource_shares`; zero for kernels that nobody asked for.
    steps : CoreSteps or None
        None where the time is a bound.
    """

    shares: FloatArray
    steps: CoreSteps | None = None


def core_steps(kernels: KernelTables, hardware: HardwareColumns) -> CoreSteps:
    """What 1 % of the cores of one accelerator makes of the time of some kernels, weighted by their launches."""
    factors = np.array([1.0, 1.0 - _CORES, 1.0 + _CORES])
    copies = hardware.select(np.zeros(len(factors), dtype=np.int64))
    others = replace(
        copies,
        cores=copies.cores * factors,
        matrix=_times(copies.matrix, factors),
        vector=_times(copies.vector, factors),
        special=_times(copies.special, factors),
    )
    before, fewer, more = weighted_total(kernels.count, _costs(kernels, others, "calibrated").time).tolist()
    return CoreSteps(fewer=fewer / before - 1.0, more=more / before - 1.0) if before else CoreSteps(fewer=0.0, more=0.0)


#: Part of the cores that a step is. [1]
_CORES = 0.01


def _waiting_cores(shares: FloatArray, bound: NDArray[np.int64]) -> FloatArray:
    """Shares with the arithmetic of cores that wait for blocks or for their own chains counted as occupancy."""
    waiting = bound == BOUNDS.index("occupancy")
    compute, occupancy = RESOURCES.index("compute"), RESOURCES.index("occupancy")
    shares[waiting, occupancy] += shares[waiting, compute]
    shares[waiting, compute] = 0.0
    return shares


def _improved(hardware: HardwareColumns) -> HardwareColumns:
    """The accelerator as it is, and once for each resource but occupancy with that resource a step better."""
    copies = hardware.select(np.zeros(len(RESOURCES), dtype=np.int64))
    column = np.arange(len(RESOURCES))
    return better(
        copies, {name: np.where(column == at, 1.0 + STEP, 1.0) for at, name in enumerate(RESOURCES[:-1], start=1)}
    )


def better(hardware: HardwareColumns, factors: Mapping[str, FloatArray | float]) -> HardwareColumns:
    """Accelerators with some of :data:`RESOURCES` but occupancy better by factors, shape (num_accelerators,)."""
    every = {name: np.broadcast_to(np.asarray(factors.get(name, 1.0)), (len(hardware),)) for name in RESOURCES}
    compute, memory, launch = (every[name] for name in ("compute", "memory", "launch"))
    return replace(
        hardware,
        matrix=_times(hardware.matrix, compute),
        vector=_times(hardware.vector, compute),
        special=_times(hardware.special, compute),
        dram_bandwidth=hardware.dram_bandwidth * memory,
        dram_achievable_read=hardware.dram_achievable_read * memory,
        dram_achievable_copy=hardware.dram_achievable_copy * memory,
        cache_bandwidth=hardware.cache_bandwidth * memory,
        cache_rate=hardware.cache_rate * memory,
        shared_rate=hardware.shared_rate * memory,
        clock=hardware.clock * compute,
        power_limit=hardware.power_idle + (hardware.power_limit - hardware.power_idle) * every["power"],
        link_bandwidth=hardware.link_bandwidth * every["link"],
        shortest_kernel=hardware.shortest_kernel / launch,
        parameters={group: _shortened(record, launch) for group, record in hardware.parameters.items()},
    )


def _times(rates: Mapping[str, FloatArray], factor: FloatArray) -> dict[str, FloatArray]:
    return {name: rate * factor for name, rate in rates.items()}


def _shortened(record: Parameters, factor: FloatArray) -> Parameters:
    """Parameters of a group with its latencies shorter."""
    names = [name for name, declaration in record.declarations().items() if declaration.unit == "s"]
    return replace(record, **{name: getattr(record, name) / factor for name in names})
