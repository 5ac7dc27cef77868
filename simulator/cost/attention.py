"""Fused attention: blocks of queries that walk over tiles of keys, with the scores kept on chip.

Symbols: a block takes ``rows`` queries of one head over ``ceil(keys / columns)`` steps; a step does two products
and one exponential a score. Where warps multiply, each reads all keys and values of the step from shared memory, which
takes as long as the products do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hw_specs import Architecture
from hw_specs.architecture import AttentionTraits
from simulator.kernels import AttentionTable

from .attention_tiles import AttentionTiles, attention_tiles, matrix_share, resident_blocks
from .family import FamilyCost, bound_of
from .hardware import HardwareColumns
from .matmul import unit_peak
from .mechanisms import power_slowdown, residency, throttle_factor, united
from .tiles import occupied_rounds

__all__ = ["attention_cost"]

FloatArray = NDArray[np.float64]

#: Parts into which the keys may be split when there are too few blocks.
_SPLITS = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 32.0)
#: Most queries with which a library splits the keys: a tile of them (decoding), any number, or none, as the
#: memory-efficient kernel never does.
_SPLIT_QUERIES = {"flash2": 64.0, "efficient": 0.0, "flash3": np.inf, "flash4": np.inf, "cudnn_attention": 64.0}

#: Exponent that joins the cores' work with DRAM traffic: keys and values arrive under the products of other steps, but
#: a block waits for its queries, and its output is written when nothing is left to multiply.
_MEMORY_OVERLAP = 2.0


class _Steps(NamedTuple):
    """Work of the blocks of each kernel, all of shape (num_kernels,)."""

    blocks: FloatArray
    longest: FloatArray
    mean: FloatArray


def attention_cost(group: str, table: AttentionTable, hardware: HardwareColumns) -> FamilyCost:
    """Floor plus the cores' work joined with the DRAM traffic, with the best split of the keys."""
    parts = [
        (columns, _on_one_architecture(group, table, hardware.select(columns), traits))
        for traits, columns in _by_architecture(hardware.traits)
    ]
    shape = (len(table), len(hardware))
    terms = {name: np.zeros(shape) for name in parts[0][1]}
    for columns, part in parts:
        for name, values in part.items():
            terms[name][:, columns] = values
    bounds = {
        "matrix": np.maximum(terms["products"], terms["shared memory"]),
        "special": terms["exponentials"],
        "dram": terms["DRAM traffic"],
        "l2": terms["L2 traffic"],
        "latency": terms["floor"],
    }
    return FamilyCost(time=terms.pop("time"), bound=bound_of(bounds), terms=terms)


def _by_architecture(traits: Sequence[Architecture]) -> Iterator[tuple[AttentionTraits, NDArray[np.int64]]]:
    """Traits of each architecture with the positions of its accelerators; users' own may share a name."""
    identities = np.array([id(architecture) for architecture in traits])
    for architecture in {id(each): each for each in traits}.values():
        yield architecture.attention, np.flatnonzero(identities == id(architecture))


def _on_one_architecture(
    group: str, table: AttentionTable, hardware: HardwareColumns, traits: AttentionTraits
) -> dict[str, FloatArray]:
    def parameter(name: str) -> FloatArray:
        return hardware.parameters[f"{group}.{name}"]

    tiles = attention_tiles(group, table, traits)
    steps = _steps(table, tiles, packed=_packs_groups(group, table))
    products, exponentials, shared = _step_times(group, table, hardware, tiles)
    overlap = np.where(tiles.alternating[:, None], parameter("overlap"), 1.0)
    step = np.maximum(united((products, exponentials, shared), overlap), parameter("iteration"))
    masking = parameter("masking") * exponentials * _masked_steps(table, tiles, steps)[:, None]
    best = np.full(step.shape, np.inf)
    splits = np.ones(step.shape)
    for parts in _SPLITS:
        time = _core_time(group, hardware, tiles, steps, step, masking, parts=parts)
        time = time + _combining(group, table, hardware, tiles, steps, parts=parts)
        splits = np.where(time < best, parts, splits)
        best = np.minimum(best, time)
    kept = residency(table, hardware.cache_capacity)
    dram = table.bytes[:, None] * (1.0 - kept) / (parameter("dram") * hardware.dram_bandwidth)
    l2 = (steps.blocks * steps.mean * tiles.fetched)[:, None] / (parameter("l2") * hardware.cache_rate)
    floor = np.broadcast_to(parameter("floor"), best.shape)
    work = (steps.blocks * steps.mean)[:, None] / hardware.cores
    return {
        "tile of queries": np.broadcast_to(tiles.rows[:, None], best.shape),
        "tile of keys": np.broadcast_to(tiles.columns[:, None], best.shape),
        "splits of the keys": splits,
        "thread blocks": np.broadcast_to(steps.blocks[:, None], best.shape),
        "products": work * products,
        "exponentials": work * exponentials,
        "shared memory": work * shared,
        "cores, with rounds and fill": best,
        "L2 traffic": l2,
        "DRAM traffic": dram,
        "floor": floor,
        "time": floor + united((np.maximum(best, l2), dram), np.full(1, _MEMORY_OVERLAP)),
    }


def _packs_groups(group: str, table: AttentionTable) -> NDArray[np.bool_]:
    """Whether the query heads of one key head share a tile: always in FlashAttention-3, else for single queries."""
    packed: NDArray[np.bool_] = (table.heads_per_key_head > 1) & ((table.query_length == 1) | (group == "flash3"))
    return packed


def _steps(table: AttentionTable, tiles: AttentionTiles, *, packed: NDArray[np.bool_]) -> _Steps:
    """Blocks of each kernel and the steps that they take; causal blocks stop at the diagonal."""
    sharing = np.where(packed, table.heads_per_key_head, 1.0)
    query_tiles = np.ceil(table.query_length * sharing / tiles.rows)
    longest = np.ceil(table.key_length / tiles.columns)
    before = np.maximum(table.key_length - table.query_length, 0.0)  # keys that every query sees
    first = np.ceil(np.minimum(tiles.rows / sharing + before, table.key_length) / tiles.columns)
    mean = np.where(table.causal, np.minimum(longest, (first + longest) / 2.0), longest)
    return _Steps(blocks=query_tiles * table.num_heads / sharing, longest=longest, mean=np.maximum(mean, 1.0))


def _masked_steps(table: AttentionTable, tiles: AttentionTiles, steps: _Steps) -> FloatArray:
    """Steps of a block that compare the places of queries and keys: the last one, and those on the diagonal."""
    diagonal = np.where(table.causal, np.ceil(tiles.rows / tiles.columns), 0.0)
    return np.minimum(diagonal + 1.0, steps.mean)


def _step_times(
    group: str, table: AttentionTable, hardware: HardwareColumns, tiles: AttentionTiles
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Products, exponentials and shared memory of one step on one core, shape (num_kernels, num_accelerators). [s]"""
    peak = unit_peak(table, hardware) * matrix_share(group, hardware)
    onset = hardware.parameters[f"{group}.throttle_time"]
    busy = np.maximum(table.matrix_flops, table.vector_flops)[:, None] / peak
    throttled = throttle_factor(
        busy * (busy / onset),  # sharper than exponential: half the onset leaves the clock as it is, twice ends it
        slowdown=power_slowdown(peak, energy=hardware.parameters[f"{group}.energy"], power=hardware.power),
        time=onset,
    )
    scores = (tiles.rows * tiles.columns)[:, None]
    rate = peak * hardware.parameters[f"{group}.rate"] / hardware.cores
    depth = (tiles.passes * tiles.head + tiles.value)[:, None]
    products = 2.0 * scores * depth * throttled / rate
    special = hardware.rates("special", ["fp32"])[0] / hardware.cores
    exponentials = scores * hardware.parameters[f"{group}.exponential"] / special
    return products, np.nan_to_num(exponentials, nan=0.0), tiles.shared[:, None] / hardware.shared_rate


def _core_time(
    group: str,
    hardware: HardwareColumns,
    tiles: AttentionTiles,
    steps: _Steps,
    step: FloatArray,
    masking: FloatArray,
    *,
    parts: float,
) -> FloatArray:
    """Time until the last core ends, shape (num_kernels, num_accelerators). [s]

    Equal blocks run in rounds. Causal blocks differ, so cores stay busy with the mean and wait for the longest.
    """
    resident = resident_blocks(tiles, hardware)
    alone = hardware.parameters[f"{group}.alone"]
    blocks = steps.blocks[:, None] * parts
    slots = hardware.cores * resident
    longest = np.ceil(steps.longest / parts)[:, None] * step + masking
    busy, _ = occupied_rounds(blocks, cores=hardware.cores, resident=resident, alone=alone)
    lone = np.maximum(alone * resident, 1.0)
    work = blocks / hardware.cores * (steps.mean[:, None] / parts * step + masking)
    waiting = hardware.parameters[f"{group}.tail"] * longest * lone * np.minimum(blocks / slots, 1.0)
    started = longest * np.minimum(np.maximum(np.ceil(blocks / hardware.cores), lone), resident)
    uneven = np.maximum(work + waiting, started)
    equal = busy * longest
    differs = (steps.mean < steps.longest)[:, None]
    fill = hardware.parameters[f"{group}.fill"] * np.maximum(blocks / slots, 1.0)
    return np.where(differs, np.minimum(uneven, equal), equal) + fill


def _combining(
    group: str,
    table: AttentionTable,
    hardware: HardwareColumns,
    tiles: AttentionTiles,
    steps: _Steps,
    *,
    parts: float,
) -> FloatArray:
    """Extra time of combining the parts; infinite where the library would not split. [s]

    Libraries split the keys while all parts still run at once (``tile_scheduler`` of FlashAttention-3 gives each core
    an equal share of the steps, ``num_splits_heuristic`` of -2 looks for a full round).
    """
    if parts == 1.0:
        return np.zeros((len(table), len(hardware)))
    partial = parts * table.num_heads * table.query_length * table.head_dim * 8.0
    time = hardware.parameters[f"{group}.combine"] + partial[:, None] / hardware.dram_bandwidth
    at_once = (steps.blocks * parts)[:, None] <= hardware.cores * resident_blocks(tiles, hardware)
    worth = (steps.longest >= 2.0 * parts) & (table.query_length <= _SPLIT_QUERIES[group])
    return np.where(at_once & worth[:, None], time, np.inf)
