"""Whether the numbers of an accelerator can be true together: slips of the pen and mixed-up conventions show here."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from hw_specs.listing.known_parts import unlike_any
from hw_specs.reading.fields import number_units
from hw_specs.schema import Accelerator, MemoryLevel
from hw_specs.units.strings import format_quantity

__all__ = ["Finding", "implausibilities"]

RATE_TOLERANCE = 0.03
"""How far a peak may be from a whole rate per clock: datasheets round peaks and clocks."""

_WIDER_TO_NARROWER = (("fp32", "tf32", "bf16", "fp8", "fp4"), ("int8", "int4"))


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that does not fit, and whether the file says so itself."""

    path: str
    message: str
    disputed: bool


def implausibilities(accelerator: Accelerator, *, rounded: bool = True) -> list[Finding]:
    """Findings of all checks; those on paths that the accelerator lists as disputed are marked so.

    Unless peaks are `rounded`, they need not be rates that arithmetic units come in.
    """
    checks = (
        _engine,
        *((_rates,) if rounded else ()),
        _order_of_rates,
        _memory,
        _thread_limits,
        _power_and_links,
        unlike_any,
        _disputed,
    )
    return [
        Finding(path=path, message=message, disputed=path in accelerator.disputed)
        for check in checks
        for path, message in check(accelerator)
    ]


_ENGINES = {"gpu": "simt", "tpu": "systolic", "npu": "systolic", "cpu": "cpu"}


def _engine(accelerator: Accelerator) -> Iterator[tuple[str, str]]:
    """What an accelerator is called goes with the engines of its architecture."""
    engine = accelerator.traits.engine
    if _ENGINES[accelerator.kind] != engine:
        yield "kind", f"is {accelerator.kind}, and the engines of {accelerator.architecture} are {engine}"


def _rates(accelerator: Accelerator) -> Iterator[tuple[str, str]]:
    """Peaks are cores x clock x a power of two (or three times one), as arithmetic units come."""
    cores, peak = accelerator.cores, accelerator.peak
    # Some matrix peaks of an accelerator with two clocks are quoted at the other one (fp64 on H100).
    matrix_clocks = [cores.matrix_clock, cores.clock] if cores.matrix_clock else [cores.clock]
    for group, rates, clocks in (("matrix", peak.matrix, matrix_clocks), ("vector", peak.vector, [cores.clock])):
        for name, rate in rates.items():
            per_clock = [rate / (cores.count * clock) for clock in clocks]
            if min(_distance_to_whole_rate(value) for value in per_clock) > RATE_TOLERANCE:
                yield f"peak.{group}.{name}", f"is {per_clock[0]:.4g} per clock and core, not a power of two"


def _distance_to_whole_rate(per_clock: float) -> float:
    exponent = math.floor(math.log2(per_clock))
    candidates = [2.0**exponent, 1.5 * 2.0**exponent, 2.0 ** (exponent + 1)]
    return min(abs(per_clock / rate - 1) for rate in candidates)


def _order_of_rates(accelerator: Accelerator) -> Iterator[tuple[str, str]]:
    """Narrower formats are never slower, and matrix units never slower than ordinary ones."""
    matrix, vector = accelerator.peak.matrix, accelerator.peak.vector
    for chain in _WIDER_TO_NARROWER:
        for wide, narrow in pairwise(name for name in chain if name in matrix):
            if matrix[narrow] < matrix[wide]:
                yield f"peak.matrix.{narrow}", f"is below that of {wide}"
    for name in matrix.keys() & vector.keys():
        if matrix[name] < vector[name]:
            yield f"peak.matrix.{name}", "is below the vector rate"


def _memory(accelerator: Accelerator) -> Iterator[tuple[str, str]]:
    """Levels grow in capacity and latency and fall in bandwidth on the way to DRAM."""
    levels = [
        (name, level, accelerator.cores.count if level.per_core else 1)
        for name, level in accelerator.memory.levels()
        if name != "registers"
    ]
    for (near_name, near, near_count), (name, far, far_count) in pairwise(levels):
        yield from _order_of_levels(near_name, near, near_count, name, far, far_count)
    for name, level, _ in levels:
        if level.measured_bandwidth and level.bandwidth and level.measured_bandwidth > 1.05 * level.bandwidth:
            yield f"memory.{name}.measured_bandwidth", f"is above {format_quantity(level.bandwidth, 'B/s')}"


def _order_of_levels(
    near_name: str, near: MemoryLevel, near_count: int, name: str, far: MemoryLevel, far_count: int
) -> Iterator[tuple[str, str]]:
    if near.bandwidth and far.bandwidth and near.bandwidth * near_count < far.bandwidth * far_count:
        yield f"memory.{near_name}.bandwidth", f"is below that of {name}"
    if near.latency and far.latency and near.latency > far.latency:
        yield f"memory.{near_name}.latency", f"is above that of {name}"
    if name == "dram" and near.capacity * near_count > far.capacity:
        yield f"memory.{near_name}.capacity", "is above that of dram"


def _thread_limits(accelerator: Accelerator) -> Iterator[tuple[str, str]]:
    cores = accelerator.cores
    if cores.max_threads and cores.max_warps and cores.warp_size:
        warps = cores.max_warps * cores.warp_size
        if cores.max_threads != warps:
            yield "cores.max_threads", f"is not warps x warp size = {warps}"


def _power_and_links(accelerator: Accelerator) -> Iterator[tuple[str, str]]:
    power, dram = accelerator.power, accelerator.memory.dram.bandwidth or math.inf
    if power.idle and power.board and power.idle >= power.board:
        yield "power.idle", "is not below the board power"
    for name, link in accelerator.links.items():
        if link.bandwidth > dram:
            yield f"links.{name}.bandwidth", "is above that of dram"


def _disputed(accelerator: Accelerator) -> Iterator[tuple[str, str]]:
    known = {path for path, _ in number_units(accelerator)}
    for path in accelerator.disputed:
        if path not in known:
            yield "disputed", f"names {path!r}, which is no number of an accelerator"
