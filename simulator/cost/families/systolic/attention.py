r"""Fused attention on systolic engines: two products on the grid and a softmax on the vector unit, block by block.

The products are those of the grid (:mod:`.grid`), with a head as reduced length of the first and as columns of the
second, and the queries that share keys as rows; none of them runs faster than a plain product of its shape. Scores
pass through the vector unit, whose instructions for each (scale, mask, maximum, difference, exponential, sum,
conversion, and what takes results out of the grid) no grid hides altogether.

A kernel that reads a paged cache of many sequences of different lengths takes a block of queries of one sequence after
another. Where a sequence has a single query, the block may be computed all the same (``array.paged_queries``): "ragged
paged attention" puts tokens of several sequences into a block of queries, computes the whole block with the keys of
each sequence that has a token in it, and masks the others (github.com/jax-ml/jax,
jax/experimental/pallas/ops/tpu/ragged_paged_attention). Each block of a sequence starts with a chain of fetch, product,
softmax and product that nothing hides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.cost.families.family import FamilyCost, Formula, ParameterGroup, bound_of, every, parameters_of
from simulator.cost.hardware import HardwareColumns
from simulator.cost.mechanisms import overlapped
from simulator.cost.parameters import Parameters, floor_parameter, parameter
from simulator.kernels import AttentionAlgorithm, AttentionTable

from .grid import Grid, grid_time
from .products import SYSTOLIC_PRODUCT, matrix_peak
from .vector_unit import vector_time

__all__ = [
    "ATTENTION_FORMULAS",
    "SYSTOLIC_ATTENTION",
    "SYSTOLIC_PAGED_ATTENTION",
    "PagedAttentionParameters",
    "SystolicAttentionParameters",
    "reads_pages",
]

FloatArray = NDArray[np.float64]

#: Queries of a block of a kernel that reads no pages, and keys of a step. [1]
_QUERIES, _KEYS = 512.0, 32.0


@dataclass(frozen=True, eq=False, kw_only=True)
class SystolicAttentionParameters(Parameters):
    """Parameters of fused attention on a systolic engine."""

    # Scale, running maximum, difference, sum, and the conversion to the format of the second product.
    softmax: FloatArray = parameter(
        5.0, "1", 2.0, 100.0, "instructions of the vector unit for each score, beside its exponential"
    )
    chain: FloatArray = parameter(
        400.0, "clk", 0.0, 4000.0, "clocks of a block of one head that nothing hides: fetch, products, softmax"
    )
    dram: FloatArray = parameter(0.85, "1", 0.1, 1.0, "share of the DRAM bandwidth reached")
    overlap: FloatArray = parameter(4.0, "1", 1.0, 12.0, "exponent that joins the work on chip with DRAM traffic")
    # A block's products wait for its softmax, which a compiler puts beside the products of another block in part.
    turns: FloatArray = parameter(1.5, "1", 1.0, 12.0, "exponent that joins grid and vector unit", observed=True)
    floor: FloatArray = floor_parameter(3e-6, observed=True)


@dataclass(frozen=True, eq=False, kw_only=True)
class PagedAttentionParameters(SystolicAttentionParameters):
    """Parameters of the same over a paged cache, whose masks and page tables come with every score."""

    softmax: FloatArray = parameter(
        20.0, "1", 2.0, 100.0, "instructions of the vector unit for each score, beside its exponential"
    )
    dram: FloatArray = parameter(0.5, "1", 0.1, 1.0, "share of the DRAM bandwidth reached, a page at a time")


def attention_cost(
    table: AttentionTable, hardware: HardwareColumns, parameters: SystolicAttentionParameters
) -> FamilyCost:
    """Grid and vector unit in turns, joined with DRAM, after what starts each block."""
    grid = Grid.of(hardware.traits)
    shape = _Shape.of(table, grid)
    multiplying = _products(table, hardware, shape, grid) / parameters_of(hardware, SYSTOLIC_PRODUCT).rate
    scores = shape.heads * shape.rows * shape.keys
    vector = vector_time(table, hardware, grid, operations=parameters.softmax * scores, specials=scores)
    chains = (shape.blocks * parameters.chain) / hardware.core_clock
    on_chip = overlapped((multiplying, vector), parameters.turns) + chains
    dram = table.bytes[:, None] / (parameters.dram * hardware.dram_bandwidth)
    floor = np.broadcast_to(parameters.floor, dram.shape)
    bounds = {"matrix": multiplying, "vector": vector, "occupancy": chains, "dram": dram, "latency": floor}
    terms = {"grid": multiplying, "vector unit": vector, "chains": chains, "DRAM traffic": dram, "floor": floor}
    return FamilyCost(
        time=floor + overlapped((on_chip, dram), parameters.overlap),
        bound=bound_of(bounds),
        terms=terms,
        clocked=on_chip,
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Shape:
    """Blocks as a kernel computes them, shape (num_kernels, num_accelerators) or (num_kernels, 1).

    ``heads`` of keys, ``rows`` of queries that meet the keys of one head, ``keys`` that a row meets in the mean, and
    ``blocks`` of queries of single heads.
    """

    heads: FloatArray
    rows: FloatArray
    keys: FloatArray
    blocks: FloatArray

    @classmethod
    def of(cls, table: AttentionTable, grid: Grid) -> _Shape:
        sharing, queries, length = (
            column[:, None] for column in (table.heads_per_key_head, table.query_length, table.key_length)
        )
        whole = np.minimum(queries * sharing, _QUERIES) / sharing
        paged = reads_pages(table)[:, None]
        block = np.where(paged, np.where(grid.paged_queries > 1.0, grid.paged_queries, whole), whole)
        blocks = np.ceil(queries / block)
        first = np.minimum(np.maximum(length - queries, 0.0) + block, length)
        keys = np.where(table.causal[:, None], (first + length) / 2.0, length)
        heads = table.num_heads[:, None] / sharing
        rows = np.where(paged, blocks * block, queries) * sharing
        return cls(heads=heads, rows=rows, keys=np.ceil(keys / _KEYS) * _KEYS, blocks=heads * blocks)


def reads_pages(table: AttentionTable) -> NDArray[np.bool_]:
    """Calls of a kernel that reads a paged cache, shape (num_kernels,)."""
    paged: NDArray[np.bool_] = table.algorithm == AttentionAlgorithm.FLASH2_PAGED
    return paged


def _products(table: AttentionTable, hardware: HardwareColumns, shape: _Shape, grid: Grid) -> FloatArray:
    """Both products while the grid never waits, shape (num_kernels, num_accelerators). [s]"""
    peak = matrix_peak(table, hardware)
    head, value = table.head_dim[:, None], table.value_dim[:, None]
    scores = grid_time(grid, batch=shape.heads, m=shape.rows, n=shape.keys, k=head, peak=peak)
    output = grid_time(grid, batch=shape.heads, m=shape.rows, n=value, k=shape.keys, peak=peak)
    return table.products[:, None] * (scores + output)


ATTENTION_FORMULAS = {
    "grid": Formula("both products of all blocks on the grid / share of its rate"),
    "vector unit": Formula("scores * instructions of each / rate of the vector unit"),
    "chains": Formula("blocks of queries of single heads * clocks that nothing hides"),
    "DRAM traffic": Formula("bytes / (share * DRAM bandwidth)"),
    "floor": Formula("shortest duration"),
}

SYSTOLIC_ATTENTION = ParameterGroup(
    name="systolic_attention",
    parameters=SystolicAttentionParameters,
    holds=every,
    cost=attention_cost,
    borrowed=(SYSTOLIC_PRODUCT.name,),
)

SYSTOLIC_PAGED_ATTENTION = ParameterGroup(
    name="systolic_paged_attention",
    parameters=PagedAttentionParameters,
    holds=reads_pages,
    cost=attention_cost,
    borrowed=(SYSTOLIC_PRODUCT.name,),
)
