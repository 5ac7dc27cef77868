"""Columns of accelerators for the cost functions: datasheet limits, and parameters from the nearest calibrations."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, CalibrationMatch, CalibrationPool
from hw_specs.schema import Link

from .energies import AMOUNTS
from .families import FAMILIES, GROUPS, PARAMETERS
from .hardware import BASES, HardwareColumns
from .hardware.cores import block_cores, resident_threads, thread_limit
from .hardware.memory_rates import (
    USUAL_LATENCY,
    cache_rate,
    common_cache,
    dram_achievable_copy,
    dram_achievable_read,
    shared_rate,
)
from .hardware.power import PowerModel, UnknownPowerError, power_model
from .inheritance import accelerator_origin, carried, nearest, origin_of
from .parameters import parameter_records

__all__ = ["hardware_columns"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Calls in a row by which a kernel is timed on its own: three and six runs of six layers (``collector/helper.py`` and
#: ``collector/vllm/collect_gemm.py`` of aiconfigurator).
_REPEATS = 50.0

# Threads of a block of PyTorch's elementwise kernels (``num_threads()``, CUDALoops.cuh), and registers of one of them.
_BLOCK, _REGISTERS = 128, 32


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
    power = [_power_model(a) for a in accelerators]
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
        stream_threads=_column(resident_threads(a, block=_BLOCK, registers=_REGISTERS) for a in accelerators),
        dram_latency=_column((m.dram.latency for m in memories), USUAL_LATENCY),
        max_threads=_column(thread_limit(a) for a in accelerators),
        link_bandwidth=_column(link.bandwidth if link else None for link in links),
        power_idle=_column(p.parameters.idle if p else None for p in power),
        power_limit=_column(p.board if p else None for p in power),
        power_active=_column(p.parameters.active if p else 0.0 for p in power),
        power_active_vector=_column(p.active_vector if p else 0.0 for p in power),
        energy={name: _column(getattr(p.parameters, name) if p else 0.0 for p in power) for name in AMOUNTS},
        repeats=np.full(len(accelerators), _REPEATS),
        run={},
        clock_headroom=_column((a.cores.clock_headroom for a in accelerators), 1.0),
        shortest_kernel=_column(t.shortest_kernel for t in traits),
        issued_lanes=_column(t.issued_lanes for t in traits),
        attention_storage=_column((_attention_storage(a) for a in accelerators), np.inf),
        warp_matrix_share=_column(t.attention.warp_matrix_share for t in traits),
        spread_accumulators=np.array([t.attention.spread_accumulators for t in traits], dtype=np.bool_),
        parameters=parameter_records(kinds, values),
        basis=basis,
    )


def _column(values: Iterable[float | None], missing: float = np.nan) -> FloatArray:
    return np.array([missing if value is None else float(value) for value in values], dtype=np.float64)


def _power_model(accelerator: Accelerator) -> PowerModel | None:
    try:
        return power_model(accelerator)
    except UnknownPowerError:
        return None


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
    """Parameters of each accelerator by ``group.name``, and codes of the grounds of all by the same names."""
    rows = [_of_accelerator(accelerator, pool) for accelerator in accelerators]
    grounds = {name: [BASES.index(found.get(name, _DEFAULT)[1]) for found in rows] for name in PARAMETERS}
    values = [{name: value for name, (value, _) in found.items()} for found in rows]
    return values, {name: np.array(codes, dtype=np.int64) for name, codes in grounds.items()}


# Of a parameter that nothing is known of.
_DEFAULT = (np.nan, "datasheet")


def _of_accelerator(accelerator: Accelerator, pool: CalibrationPool) -> dict[str, tuple[float, str]]:
    """Value and ground of each parameter that some calibration tells the accelerator.

    Those of a product with values changed are the product's, as far as they do not follow a value that was changed.
    """
    if accelerator.product is not None and not _is_measured(accelerator, pool):
        return _changed(accelerator, accelerator.product, _of_accelerator(accelerator.product, pool))
    found: dict[str, tuple[float, str]] = {}
    for group in GROUPS:
        found |= (observed := _observed(accelerator, group, pool))
        match, source = nearest(accelerator, group, pool)
        if match is not None:
            found |= _of_group(accelerator, group, match, source, observed)
        single = pool.ceilings(accelerator, group)
        if single is not None:
            found |= {name: (value, "inherited") for name, value in single.of_group(group).items()}
    return found


def _is_measured(accelerator: Accelerator, pool: CalibrationPool) -> bool:
    """Whether a calibration is of this very accelerator, as of a user's own machine."""
    return not accelerator.hypothetical and any(accelerator.name in c.accelerators for c in pool.calibrations)


def _changed(
    accelerator: Accelerator, product: Accelerator, found: Mapping[str, tuple[float, str]]
) -> dict[str, tuple[float, str]]:
    """Parameters of a product as they are with some of its values changed; none was measured there."""
    known = {name: parameter.default for name, parameter in PARAMETERS.items()} | {
        name: value for name, (value, _) in found.items()
    }
    values = carried(known, None, here=accelerator_origin(accelerator), there=accelerator_origin(product))
    grounds = {name: found.get(name, _DEFAULT)[1] for name in values}
    return {
        name: (value, "inherited" if grounds[name] == "calibrated" else grounds[name]) for name, value in values.items()
    }


def _observed(accelerator: Accelerator, group: str, pool: CalibrationPool) -> dict[str, tuple[float, str]]:
    """Single parameters of a group that traces of some accelerator showed, those of the nearest one."""
    found: dict[str, tuple[float, str]] = {}
    for match in pool.observations(accelerator, group):
        values: Mapping[str, float] = match.calibration.of_group(group)
        if match.basis != "calibrated":
            there = origin_of(match.calibration, group, accelerator)
            values = carried(values, group, here=accelerator_origin(accelerator), there=there)
        found |= {name: (value, match.basis) for name, value in values.items()}
    return found


def _of_group(
    accelerator: Accelerator, group: str, match: CalibrationMatch, source: str, observed: Container[str]
) -> dict[str, tuple[float, str]]:
    """Parameters of a group from a calibration of it, or of the group that it resembles.

    Those that its rows left at their defaults are the defaults of the parts that were measured, and follow the
    accelerator as the others do; their ground is no better for it. What was observed is left as it is there.
    """
    calibration, own = match.calibration, match.basis == "calibrated" and source == group
    fitted = {_under(group, name): value for name, value in calibration.of_group(source).items()}
    held = {_under(group, name) for name in calibration.held if name.partition(".")[0] == source}
    held = {name for name in held if name not in observed}
    values = {**{name: PARAMETERS[name].default for name in held if name in PARAMETERS}, **fitted}
    if not own:
        values = carried(
            values, group, here=accelerator_origin(accelerator), there=origin_of(calibration, source, accelerator)
        )
    ground = match.basis if source == group else "inherited"
    return {name: (value, ground if name in fitted else "datasheet") for name, value in values.items()}


def _under(group: str, name: str) -> str:
    """Name of a parameter in a group that takes those of another."""
    return f"{group}.{name.partition('.')[2]}"
