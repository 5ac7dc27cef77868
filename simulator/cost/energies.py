"""Energy of the work of kernels: operations by unit and format, and bytes by memory level."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator
from hw_specs.energy_calibration import EnergyParameters
from simulator.cost.mechanisms import cache_hit_rate
from simulator.kernels import AttentionTable, FamilyTable, KernelTables

__all__ = ["AMOUNTS", "amounts", "kernel_amounts", "kernel_energies", "work_energies"]

FloatArray = NDArray[np.float64]

#: Energy of an operation on matrix units over that of a 16-bit one. A matrix unit draws about the same power in every
#: format, so energy goes with the inverse of the rate: tf32 half, fp64 a sixteenth (A100), 8 bits twice, 4 bits four
#: times (B200). Fitted on GB200: fp8 0.50.
MATRIX_RATIO = {"fp64": 16.0, "fp32": 4.0, "tf32": 2.0, "fp8": 0.5, "fp6": 0.5, "int8": 0.5, "fp4": 0.25, "int4": 0.25}
#: The same for vector units over fp32. Half-precision operands are computed in fp32 by PyTorch's kernels.
VECTOR_RATIO = {"fp64": 2.0, "int64": 2.0}

#: Names of what kernels do, each of which has an energy.
AMOUNTS = ("matrix", "vector", "special", "score", "dram", "cache")


def kernel_amounts(kernels: KernelTables, accelerator: Accelerator) -> dict[str, FloatArray]:
    """What each kernel does, by the energy in :class:`~hw_specs.energy_calibration.EnergyParameters` that it costs.

    Arrays of shape (num_kernels,): ``matrix`` as 16-bit FLOPs and ``vector`` as fp32 FLOPs of equal energy,
    ``special``, ``score``, ``dram`` and ``cache`` bytes.

    Parameters
    ----------
    kernels : KernelTables
        With contractions on the units that the part has (:func:`simulator.lowering.assign_units`).
    accelerator : Accelerator
    """
    total = {name: np.zeros(len(kernels)) for name in AMOUNTS}
    for table, rows in kernels:
        for name, values in amounts(table, np.array([_cache(accelerator)])).items():
            total[name][rows] = values[:, 0]
    return total


def amounts(table: FamilyTable, capacity: FloatArray) -> dict[str, FloatArray]:
    """The same for the kernels of one family, shape (num_kernels, num_accelerators) or (num_kernels, 1).

    Parameters
    ----------
    table : FamilyTable
    capacity : array of shape (num_accelerators,)
        Of the last cache. [B]
    """
    matrix = np.array([MATRIX_RATIO.get(name, 1.0) for name in table.formats])[table.number_format]
    vector = np.array([VECTOR_RATIO.get(name, 1.0) for name in table.formats])[table.number_format]
    kept = cache_hit_rate(table, capacity)
    return {
        "matrix": (matrix * table.matrix_flops)[:, None],
        "vector": (vector * table.vector_flops)[:, None],
        "special": table.special_ops[:, None],
        "score": (table.special_ops * isinstance(table, AttentionTable))[:, None],
        "dram": table.bytes[:, None] * (1.0 - kept),
        "cache": table.bytes[:, None],
    }


def kernel_energies(kernels: KernelTables, accelerator: Accelerator, parameters: EnergyParameters) -> FloatArray:
    """Energy of the work of each kernel, without idle power and that of running cores, shape (num_kernels,). [J]"""
    energy = {name: np.array([getattr(parameters, name)]) for name in AMOUNTS}
    return work_energies(kernels, np.array([_cache(accelerator)]), energy)[:, 0]


def work_energies(kernels: KernelTables, capacity: FloatArray, energy: Mapping[str, FloatArray]) -> FloatArray:
    """The same on some accelerators at once, shape (num_kernels, num_accelerators). [J]

    Parameters
    ----------
    kernels : KernelTables
    capacity : array of shape (num_accelerators,)
        Of the last cache. [B]
    energy : mapping of str to array of shape (num_accelerators,)
        Of each of :data:`AMOUNTS`. [J/FLOP], [J], [J/B]
    """
    total = np.zeros((len(kernels), len(capacity)))
    for table, rows in kernels:
        own = np.zeros((len(rows), len(capacity)))
        for name, amount in amounts(table, capacity).items():
            own += energy[name] * amount
        total[rows] = own
    return total


def _cache(accelerator: Accelerator) -> float:
    levels = (accelerator.memory.l2, accelerator.memory.llc)
    return max((level.capacity for level in levels if level is not None), default=0.0)
