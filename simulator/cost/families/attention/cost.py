"""Fused attention: blocks of queries that walk over tiles of keys, with the scores kept on chip.

Symbols: a block takes ``rows`` queries of one head over ``ceil(keys / columns)`` steps; a step does two products
and one exponential a score. Where warps multiply, each reads all keys and values of the step from shared memory, which
takes as long as the products do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hw_specs import Architecture
from hw_specs.architecture import AttentionTraits
from simulator.cost.families.attention.dense_rate import least_attention_time
from simulator.cost.families.attention.parameters import (
    AttentionParameters,
    SpecialisedAttentionParameters,
    StagedAttentionParameters,
)
from simulator.cost.families.attention.tiles import (
    AITER,
    CK,
    CUDNN,
    EFFICIENT,
    FLASH2,
    FLASH3,
    FLASH4,
    TRTLLM,
    AttentionTiles,
    FusedKernel,
    attention_tiles,
    matrix_share,
    resident_blocks,
)
from simulator.cost.families.family import Family, FamilyCost, Formula, ParameterGroup, bound_of, every
from simulator.cost.families.matmul import unit_peak
from simulator.cost.families.systolic.attention import ATTENTION_FORMULAS, SYSTOLIC_ATTENTION, SYSTOLIC_PAGED_ATTENTION
from simulator.cost.hardware import HardwareColumns
from simulator.cost.mechanisms import cache_hit_rate, overlapped
from simulator.kernels import SPLIT_PRODUCTS, AttentionAlgorithm, AttentionTable

__all__ = ["ATTENTION", "attention_cost"]

FloatArray = NDArray[np.float64]

#: Parts into which the keys may be split when there are too few blocks.
_SPLITS = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 32.0)

#: Share of queries and outputs in the traffic of self-attention, and the exponent from which on nothing is waited for.
_SELF_ATTENTION, _FULL_OVERLAP = 0.5, 12.0

#: Instructions with which a warp splits a float32 operand in two of tf32: cut the mantissa, subtract, round
#: (NumericConverterFastF32 and MmaTensorOpFastF32 of CUTLASS), each time that it reads the operand. [1]
_SPLITTING = 3.0


class _Steps(NamedTuple):
    """Work of the blocks of each kernel, all of shape (num_kernels,)."""

    blocks: FloatArray
    longest: FloatArray
    mean: FloatArray


def attention_cost(
    table: AttentionTable, hardware: HardwareColumns, parameters: AttentionParameters, *, kernel: FusedKernel
) -> FamilyCost:
    """Floor plus the cores' work joined with the DRAM traffic, with the best split of the keys."""
    groups = []
    for traits, columns in _by_architecture(hardware.traits):
        calls = _Calls(table, hardware.select(columns), parameters.select(columns), kernel)
        groups.append((columns, _on_one_architecture(calls, attention_tiles(kernel, table, traits))))
    terms = {name: hardware.zeros(len(table)) for name in groups[0][1]}
    for columns, group in groups:
        for name, values in group.items():
            terms[name][:, columns] = values
    bounds = {
        "matrix": np.maximum(terms["products"], terms["shared memory"]),
        "special": terms["exponentials"],
        "dram": terms["DRAM traffic"],
        "l2": terms["L2 traffic"],
        "latency": terms["floor"],
    }
    terms["as many FLOPs of products"] = least = least_attention_time(table, hardware)
    clocked = np.maximum(terms["cores, with waves and fill"], least)
    time = np.maximum(terms.pop("time"), least)
    return FamilyCost(time=time, bound=bound_of(bounds), terms=terms, clocked=clocked)


def _by_architecture(traits: Sequence[Architecture]) -> Iterator[tuple[AttentionTraits, NDArray[np.int64]]]:
    """Traits of each architecture with the positions of its accelerators; users' own may share a name."""
    identities = np.array([id(architecture) for architecture in traits])
    for architecture in {id(each): each for each in traits}.values():
        yield architecture.attention, np.flatnonzero(identities == id(architecture))


class _Calls(NamedTuple):
    """Calls of one library's kernel on accelerators of one architecture."""

    table: AttentionTable
    hardware: HardwareColumns
    parameters: AttentionParameters
    kernel: FusedKernel


def _on_one_architecture(calls: _Calls, tiles: AttentionTiles) -> dict[str, FloatArray]:
    table, hardware, parameters, _ = calls
    steps = _steps(table, tiles, packed=_packs_heads(calls))
    products, exponentials, shared = _step_times(calls, tiles)
    overlap = np.where(tiles.alternating[:, None], parameters.overlap, 1.0)
    step = overlapped((products, exponentials, shared), overlap)
    alone = _alone(calls, (products, exponentials, shared), step)
    masking = parameters.masking * exponentials * _masked_steps(table, tiles, steps)[:, None]
    best = np.full(step.shape, np.inf)
    splits = np.ones(step.shape)
    for split in _SPLITS:
        time = _core_time(calls, tiles, steps, step, alone, masking, split=split)
        time = time + _combining(calls, tiles, steps, split=split)
        splits = np.where(time < best, split, splits)
        best = np.minimum(best, time)
    hit_rate = cache_hit_rate(table, hardware.cache_capacity)
    dram = table.bytes[:, None] * (1.0 - hit_rate) / (parameters.dram * hardware.dram_bandwidth)
    l2 = (steps.blocks * steps.mean * tiles.fetched)[:, None] / hardware.operand_rate
    floor = np.broadcast_to(parameters.floor, best.shape)
    work = (steps.blocks * steps.mean)[:, None] / hardware.cores
    return {
        "tile of queries": np.broadcast_to(tiles.rows[:, None], best.shape),
        "tile of keys": np.broadcast_to(tiles.columns[:, None], best.shape),
        "splits of the keys": splits,
        "thread blocks": np.broadcast_to(steps.blocks[:, None], best.shape),
        "products": work * products,
        "exponentials": work * exponentials,
        "shared memory": work * shared,
        "cores, with waves and fill": best,
        "L2 traffic": l2,
        "DRAM traffic": dram,
        "floor": floor,
        "time": floor + overlapped((np.maximum(best, l2), dram), _memory_overlap(table, parameters)),
    }


def _memory_overlap(table: AttentionTable, parameters: AttentionParameters) -> FloatArray:
    """Exponent that joins the cores' work with the DRAM traffic, shape (num_kernels, num_accelerators). [1]

    The fitted one is that of self-attention, half of whose traffic is queries and outputs: those are what a block waits
    for. Keys and values arrive while others are multiplied, so that where they are most of the traffic, as in decoding,
    the exponent grows as the share of queries and outputs falls. Decoding kernels so come to the bandwidth itself.
    """
    widths = table.head_dim + table.value_dim
    waited_for = table.num_heads * table.query_length * widths * table.itemsize / np.maximum(table.bytes, 1.0)
    growth = np.maximum(_SELF_ATTENTION / np.maximum(waited_for, 1e-3), 1.0)
    return np.maximum(np.minimum(parameters.memory_overlap * growth[:, None], _FULL_OVERLAP), parameters.memory_overlap)


def _packs_heads(calls: _Calls) -> NDArray[np.bool_]:
    """Whether the query heads of one key head share a tile, shape (num_kernels,)."""
    single = calls.table.query_length == 1
    packed: NDArray[np.bool_] = (calls.table.heads_per_key_head > 1) & (single | calls.kernel.packs_heads)
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


def _step_times(calls: _Calls, tiles: AttentionTiles) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Products, exponentials and shared memory of one step on one core, shape (num_kernels, num_accelerators). [s]"""
    table, hardware, _, kernel = calls
    peak = unit_peak(table, hardware) * matrix_share(kernel, hardware)
    scores = (tiles.rows * tiles.columns)[:, None]
    rate = peak / hardware.cores
    depth = (tiles.passes * tiles.head + tiles.value)[:, None]
    times = table.products[:, None]
    products = 2.0 * scores * depth * times * _split_products(table)[:, None] / rate
    return products, _softmax(calls, tiles), times * tiles.shared[:, None] / hardware.shared_rate


def _softmax(calls: _Calls, tiles: AttentionTiles) -> FloatArray:
    """Exponentials of one step on one core and what comes with them, shape (num_kernels, num_accelerators). [s]"""
    table, hardware, parameters, _ = calls
    scores = (tiles.rows * tiles.columns)[:, None]
    special = scores * parameters.exponential * hardware.cores / hardware.rates("special", ["fp32"])[0]
    exponentials: FloatArray = np.nan_to_num(special, nan=0.0)
    if not isinstance(parameters, StagedAttentionParameters):
        return exponentials
    spread = (table.matrix_flops == 0)[:, None] | hardware.spread_accumulators
    instructions = scores * np.where(spread, parameters.spread_softmax, parameters.softmax)
    instructions = instructions + np.where(_split_products(table) > 1.0, _SPLITTING * tiles.operands, 0.0)[:, None]
    vector = 2.0 * instructions * hardware.cores / hardware.rates("vector", ["fp32"])[0]
    exponentials = exponentials + np.nan_to_num(vector, nan=0.0)
    return exponentials


def _alone(calls: _Calls, units: tuple[FloatArray, ...], step: FloatArray) -> FloatArray:
    """Time of a step of a block that has a core to itself, shape (num_kernels, num_accelerators). [s]

    Without stages it waits for keys and values, then multiplies, exponentiates and multiplies again.
    """
    waited = calls.parameters.latency / calls.hardware.core_clock
    return np.where(waited > 0.0, sum(units) + waited, step)


def _split_products(table: AttentionTable) -> FloatArray:
    """Products that stand for one, shape (num_kernels,): in tf32 those of float32 are split."""
    counts = np.array([SPLIT_PRODUCTS if name == "tf32" else 1.0 for name in table.formats])
    split: FloatArray = counts[table.number_format]
    return split


def _core_time(
    calls: _Calls,
    tiles: AttentionTiles,
    steps: _Steps,
    step: FloatArray,
    alone: FloatArray,
    masking: FloatArray,
    *,
    split: float,
) -> FloatArray:
    """Time until the last core ends, shape (num_kernels, num_accelerators). [s]

    Blocks side by side hide what a block alone waits for. Equal blocks run in waves. Causal blocks differ, so cores
    stay busy with the mean and wait for the longest.
    """
    hardware, parameters = calls.hardware, calls.parameters
    blocks = steps.blocks[:, None] * split
    resident = resident_blocks(tiles, hardware)
    slots = hardware.cores * resident
    per_core = np.ceil(blocks / hardware.cores)
    in_wave, full, lone = (np.maximum(step, alone / n) for n in (np.clip(per_core, 1.0, resident), resident, 1.0))
    whole = np.ceil(steps.longest / split)[:, None]
    equal = per_core * (whole * in_wave + masking)
    work = blocks / hardware.cores * (steps.mean[:, None] / split * full + masking)
    tail = parameters.tail * (whole * full + masking) * np.minimum(blocks / slots, 1.0)
    uneven = np.maximum(work + tail, whole * lone + masking)
    differs = (steps.mean < steps.longest)[:, None]
    fill = parameters.fill * np.maximum(blocks / slots, 1.0)
    return np.where(differs, np.minimum(uneven, equal), equal) + fill


def _combining(calls: _Calls, tiles: AttentionTiles, steps: _Steps, *, split: float) -> FloatArray:
    """Extra time of combining the split keys; infinite where the library would not split. [s]

    Libraries split the keys while all of them still run at once (``tile_scheduler`` of FlashAttention-3 gives each core
    an equal share of the steps, ``num_splits_heuristic`` of -2 looks for a full wave).
    """
    table, hardware, parameters, kernel = calls
    if split == 1.0:
        return np.zeros((len(table), len(hardware)))
    partial = split * table.num_heads * table.query_length * table.head_dim * 8.0
    time = parameters.combine + partial[:, None] / hardware.dram_bandwidth
    at_once = (steps.blocks * split)[:, None] <= hardware.cores * resident_blocks(tiles, hardware)
    worth = (steps.longest >= 2.0 * split) & (table.query_length <= kernel.split_queries)
    return np.where(at_once & worth[:, None], time, np.inf)


def _holds(*algorithms: AttentionAlgorithm) -> Callable[[AttentionTable], NDArray[np.bool_]]:
    def of(table: AttentionTable) -> NDArray[np.bool_]:
        chosen: NDArray[np.bool_] = np.isin(table.algorithm, algorithms)
        return chosen

    return of


_FORMULAS = {
    "tile of queries": Formula("tile tables of the algorithm by architecture and head dimension", "1"),
    "tile of keys": Formula("tile tables of the algorithm by architecture and head dimension", "1"),
    "splits of the keys": Formula("parts of the keys, where there are fewer blocks than cores", "1"),
    "thread blocks": Formula("heads * ceil(queries / tile of queries)", "1"),
    "products": Formula("blocks * mean steps * 2 * tile * (passes * head dimension + values' dimension) / peak"),
    "exponentials": Formula(
        "blocks * mean steps * (tile * exponential / special-function rate, "
        "and where scores are staged + instructions / rate of the vector units)"
    ),
    "shared memory": Formula(
        "blocks * mean steps * bytes that warps read and write / (cores * bandwidth of shared memory)"
    ),
    "cores, with waves and fill": Formula(
        "the three above joined, times steps of the busiest core, masked steps, and fill"
    ),
    "L2 traffic": Formula("blocks * mean steps * tile of keys and values / L2 bandwidth"),
    "DRAM traffic": Formula("bytes not in the cache / (share * DRAM bandwidth)"),
    "floor": Formula("shortest duration"),
    "as many FLOPs of products": Formula("FLOPs at the rate of large products; no call takes less"),
}

ATTENTION: Family[AttentionTable] = Family(
    table=AttentionTable,
    groups=(
        ParameterGroup(
            name="flash2",
            parameters=AttentionParameters,
            holds=every,
            cost=partial(attention_cost, kernel=FLASH2),
        ),
        ParameterGroup(
            name="efficient",
            parameters=StagedAttentionParameters,
            holds=_holds(AttentionAlgorithm.EFFICIENT),
            cost=partial(attention_cost, kernel=EFFICIENT),
            related=("flash2",),
        ),
        ParameterGroup(
            name="flash3",
            parameters=SpecialisedAttentionParameters,
            holds=_holds(AttentionAlgorithm.FLASH3),
            cost=partial(attention_cost, kernel=FLASH3),
        ),
        ParameterGroup(
            name="flash4",
            parameters=SpecialisedAttentionParameters,
            holds=_holds(AttentionAlgorithm.FLASH4),
            cost=partial(attention_cost, kernel=FLASH4),
        ),
        # On Hopper cuDNN reaches 497 to 617 TFLOP/s at head dimension 128, and FlashAttention-3 467 to 648 (Shah et
        # al., "FlashAttention-3", 2024); on Blackwell cuDNN has another kernel.
        ParameterGroup(
            name="cudnn_attention",
            parameters=SpecialisedAttentionParameters,
            holds=_holds(AttentionAlgorithm.CUDNN),
            cost=partial(attention_cost, kernel=CUDNN),
            related=("flash3",),
        ),
        # TensorRT-LLM's own kernels, which FlashInfer also brings: like cuDNN's, and slower in measured tables.
        ParameterGroup(
            name="trtllm",
            parameters=SpecialisedAttentionParameters,
            holds=_holds(AttentionAlgorithm.TRTLLM),
            cost=partial(attention_cost, kernel=TRTLLM),
            related=("cudnn_attention",),
        ),
        ParameterGroup(
            name="ck",
            parameters=AttentionParameters,
            holds=_holds(AttentionAlgorithm.CK),
            cost=partial(attention_cost, kernel=CK),
            related=("flash2",),
        ),
        ParameterGroup(
            name="aiter",
            parameters=AttentionParameters,
            holds=_holds(AttentionAlgorithm.AITER),
            cost=partial(attention_cost, kernel=AITER),
            related=("flash2",),
        ),
    ),
    formulas=_FORMULAS,
    systolic=(SYSTOLIC_ATTENTION, SYSTOLIC_PAGED_ATTENTION),
    systolic_formulas=ATTENTION_FORMULAS,
)
