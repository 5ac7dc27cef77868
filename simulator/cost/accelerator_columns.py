"""Columns of accelerators for the cost functions: datasheet limits, and parameters from the nearest calibrations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, CalibrationMatch, CalibrationPool
from hw_specs.schema import Link

from .cores import block_cores
from .families import FAMILIES, GROUPS
from .hardware import BASES, HardwareColumns
from .inheritance import accelerator_origin, carried, nearest, origin_of
from .memory_rates import cache_rate, common_cache, dram_achievable_copy, dram_achievable_read, shared_rate
from .parameters import parameter_records

__all__ = ["hardware_columns"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def hardware_columns(accelerators: Sequence[Accelerator], calibrations: CalibrationPool) -> HardwareColumns:
    """Columns of some accelerators with the calibration that each one gets.

    Parameters
    ----------
    accelerators : sequence of Accelerator
    calibrations : CalibrationPool
        Each takes the nearest of these for each parameter group, and the defaults where there is none.
    """
    kinds = {group.name: group.parameters for family in FAMILIES for group in family.groups}
    values, basis = _calibrated(accelerators, calibrations)
    memories, traits = [a.memory for a in accelerators], [a.traits for a in accelerators]
    near, links = [common_cache(m) for m in memories], [_fastest_link(a) for a in accelerators]
    return HardwareColumns(
        name=tuple(a.name for a in accelerators),
        traits=tuple(traits),
        matrix=_rates([a.peak.matrix for a in accelerators]),
        vector=_rates([a.peak.vector for a in accelerators]),
        special=_rates([a.peak.special for a in accelerators]),
        cores=_column(block_cores(a) for a in accelerators),
        clock=_column(a.cores.clock for a in accelerators),
        dram_bandwidth=_column(m.dram.bandwidth for m in memories),
        dram_achievable_read=_column(dram_achievable_read(a) for a in accelerators),
        dram_achievable_copy=_column(dram_achievable_copy(a) for a in accelerators),
        cache_capacity=_column(_cache_capacity(a) for a in accelerators),
        cache_bandwidth=_column((cache.bandwidth if cache else None for cache in near), np.inf),
        cache_rate=_column(cache_rate(a, cores=block_cores(a)) for a in accelerators),
        core_memory=_column((_core_memory(a) for a in accelerators), np.inf),
        shared_rate=_column(shared_rate(a) for a in accelerators),
        max_threads=_column((a.cores.max_threads for a in accelerators), 2048.0),
        max_blocks=_column((a.cores.max_blocks for a in accelerators), 32.0),
        link_bandwidth=_column(link.bandwidth if link else None for link in links),
        power=_column(a.power.board if a.power else None for a in accelerators),
        clock_headroom=_column((a.cores.clock_headroom for a in accelerators), 1.0),
        shortest_kernel=_column(t.shortest_kernel for t in traits),
        issued_lanes=_column(t.issued_lanes for t in traits),
        attention_storage=_column((_attention_storage(a) for a in accelerators), np.inf),
        warp_matrix_share=_column(t.attention.warp_matrix_share for t in traits),
        parameters=parameter_records(kinds, values),
        basis=basis,
    )


def _column(values: Iterable[float | None], missing: float = np.nan) -> FloatArray:
    return np.array([missing if value is None else float(value) for value in values], dtype=np.float64)


def _rates(peaks: Sequence[Mapping[str, float]]) -> dict[str, FloatArray]:
    """Peaks by number format, NaN where an accelerator has none."""
    formats = sorted({name for peak in peaks for name in peak})
    return {name: _column(peak.get(name) for peak in peaks) for name in formats}


def _fastest_link(accelerator: Accelerator) -> Link | None:
    return max(accelerator.links.values(), key=lambda link: link.bandwidth, default=None)


def _cache_capacity(accelerator: Accelerator) -> float:
    levels = (accelerator.memory.l2, accelerator.memory.llc)
    return max((level.capacity for level in levels if level), default=0.0)


def _core_memory(accelerator: Accelerator) -> float | None:
    shared = accelerator.memory.shared
    return shared.capacity + (accelerator.traits.l1_cache or 0.0) if shared else None


def _attention_storage(accelerator: Accelerator) -> float | None:
    stated, own = accelerator.traits.attention.storage, accelerator.memory.shared
    return stated if stated is not None else own.capacity if own else None


def _calibrated(
    accelerators: Sequence[Accelerator], pool: CalibrationPool
) -> tuple[list[dict[str, float]], dict[str, IntArray]]:
    """Parameters of each accelerator by ``group.name``, and codes of their grounds by group."""
    rows: list[dict[str, float]] = []
    basis: dict[str, list[int]] = {group: [] for group in GROUPS}
    for accelerator in accelerators:
        row: dict[str, float] = {}
        for group in GROUPS:
            match, source = nearest(accelerator, group, pool)
            basis[group].append(0 if match is None else BASES.index(match.basis if source == group else "inherited"))
            if match is not None:
                row.update(_parameters_of(accelerator, group, match, source))
            single = pool.ceilings(accelerator, group)
            if single is not None:
                row.update(single.of_group(group))
        rows.append(row)
    codes = {group: np.array(values, dtype=np.int64) for group, values in basis.items()}
    return rows, {**codes, **_borrowed(codes)}


def _parameters_of(accelerator: Accelerator, group: str, match: CalibrationMatch, source: str) -> dict[str, float]:
    """Parameters of a group from a calibration of it, or of the group that it resembles."""
    values = {f"{group}.{name.partition('.')[2]}": x for name, x in match.calibration.of_group(source).items()}
    if match.basis == "calibrated" and source == group:
        return values
    return carried(values, group, here=accelerator_origin(accelerator), there=origin_of(match.calibration, source))


def _borrowed(codes: Mapping[str, IntArray]) -> dict[str, IntArray]:
    """Grounds of groups that use the parameters of others: inherited where their own are defaults."""
    found: dict[str, IntArray] = {}
    for group in (group for family in FAMILIES for group in family.groups if group.borrowed):
        own, others = codes[group.name], np.array([codes[name] for name in group.borrowed]).max(axis=0)
        found[group.name] = np.where((own == 0) & (others > 0), BASES.index("inherited"), own)
    return found
