"""Hierarchical roofline: the least time that the datasheet allows a kernel, with nothing fitted.

The units work at the same time, so the bound is the largest of their times (Williams et al., "Roofline",
CACM 52(4), 2009; Ding and Williams, "An instruction roofline model for GPUs", PMBS 2019 for the cache level).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import NARROW_SUMS, FamilyTable

from .hardware import HardwareColumns, UnsupportedFormatError

__all__ = ["BOUNDS", "roofline_terms", "vector_peak"]

FloatArray = NDArray[np.float64]

#: What can bound a kernel, in the order of the codes.
BOUNDS = ("matrix", "vector", "special", "dram", "l2", "occupancy", "latency", "link")

#: Formats whose arithmetic outside matrix units runs at the fp32 rate: operands are widened in registers.
_WIDENED = (NARROW_SUMS, "fp16", "bf16", "fp8", "fp6", "fp4", "tf32", "int8", "int4")


def roofline_terms(table: FamilyTable, hardware: HardwareColumns) -> dict[str, FloatArray]:
    """Least time on each unit of :data:`BOUNDS`, shape (num_kernels, num_accelerators); no latency. [s]

    Raises
    ------
    UnsupportedFormatError
        If a kernel has matrix arithmetic (or a product has vector arithmetic) in a format without a peak.
    """
    dram, cache = _memory_terms(table, hardware)
    return {
        "matrix": matrix_time(table, hardware),
        "vector": vector_time(table, hardware),
        "special": _special_time(table, hardware),
        "dram": dram,
        "l2": cache,
        "occupancy": np.zeros_like(dram),
        "latency": np.zeros_like(dram),
        "link": _link_time(table, hardware),
    }


def matrix_time(table: FamilyTable, hardware: HardwareColumns) -> FloatArray:
    """Matrix FLOPs at the dense peak of their format. [s]"""
    peak = hardware.rates("matrix", table.formats)[table.number_format]
    used = table.matrix_flops[:, None] > 0
    _require(used & np.isnan(peak), table, hardware, "matrix")
    return np.where(used, table.matrix_flops[:, None] / np.where(used, peak, 1.0), 0.0)


def vector_time(table: FamilyTable, hardware: HardwareColumns) -> FloatArray:
    """Vector FLOPs at the vector peak; formats below fp32 are computed in fp32. [s]

    The term is left out for kernels that only move and transform data where no vector peak is published.
    """
    peak = vector_peak(table, hardware)
    flops = table.least_vector_flops
    needed = (flops > 0) & table.contracts & (table.matrix_flops == 0)
    _require(needed[:, None] & np.isnan(peak), table, hardware, "vector")
    return np.where(np.isnan(peak), 0.0, flops[:, None] / peak)


def vector_peak(table: FamilyTable, hardware: HardwareColumns) -> FloatArray:
    """Vector rate of each kernel, NaN where none is published, shape (num_kernels, num_accelerators). [FLOP/s]

    Products use the rate of their own format where the accelerator has one (fp16 on Pascal); everything else widens
    narrow operands to fp32 in registers.
    """
    widened = tuple("fp32" if name in _WIDENED else name for name in table.formats)
    peak = hardware.rates("vector", widened)[table.number_format]
    native = hardware.rates("vector", table.formats)[table.number_format]
    own = (table.matrix_flops == 0) & table.contracts
    return np.where(own[:, None] & ~np.isnan(native), native, peak)


def _special_time(table: FamilyTable, hardware: HardwareColumns) -> FloatArray:
    peak = hardware.rates("special", ["fp32"])[0]
    return np.where(np.isnan(peak), 0.0, table.special_ops[:, None] / peak)


def _link_time(table: FamilyTable, hardware: HardwareColumns) -> FloatArray:
    return np.nan_to_num(table.link_bytes[:, None] / hardware.link_between(table.link_devices), nan=0.0)


def _memory_terms(table: FamilyTable, hardware: HardwareColumns) -> tuple[FloatArray, FloatArray]:
    traffic = table.memory_bytes[:, None]
    dram = np.maximum(traffic - cached_bytes(table, hardware.cache_capacity), 0.0) / hardware.dram_bandwidth
    return dram, traffic / hardware.cache_bandwidth


def cached_bytes(table: FamilyTable, capacity: FloatArray) -> FloatArray:
    """Traffic that a cache of some capacity keeps from the DRAM, shape (num_kernels, num_accelerators). [B]

    Input that an earlier kernel touched is served from the cache as far as it fits, and where a chain of
    kernels runs out of the cache its output overwrites lines held there, so output stays in that proportion.
    """
    share = np.minimum(table.resident_bytes / np.maximum(table.bytes_read, 1.0), 1.0)
    return np.minimum((share * table.bytes)[:, None], capacity)


def _require(missing: NDArray[np.bool_], table: FamilyTable, hardware: HardwareColumns, unit: str) -> None:
    if not missing.any():
        return
    row, column = (int(index[0]) for index in np.nonzero(missing))
    wanted = table.formats[int(table.number_format[row])]
    peaks = getattr(hardware, unit)
    valid = ", ".join(name for name, values in peaks.items() if not np.isnan(values[column])) or "none"
    place = f"{hardware.name[column]} (kernel {table.name[row]!r})"
    raise UnsupportedFormatError(f"{place} has no {unit} peak for {wanted}; valid: {valid}")
