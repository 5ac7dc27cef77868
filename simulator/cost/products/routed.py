"""Time of products of experts whose rows are few, in kernels that an engine's library generates.

A block multiplies a tile of one expert's rows with 128 rows of its weights over the whole reduced length
(``bmm_..._t128x16x256u2_s3_..._cga1x1x1`` of TensorRT-LLM, which FlashInfer, vLLM and SGLang launch). Each tile of rows
reads the weights anew, out of L2, and no cluster shares them: what an expert with 28 rows in tiles of 16 reads is twice
its weights. Stages of so long a step leave room for one block on a core, whose latencies nothing hides.

Weights narrower than the rows take their own bytes in DRAM and L2, and those of the rows in shared memory
(``tcgen05.mma``, kind ``mxf8f6f4``, PTX ISA 9.7.16: elements of 4 and 6 bits are padded to bytes).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hw_specs.tiles import TileLibrary
from simulator.cost.hardware import HardwareColumns
from simulator.cost.mechanisms import overlapped

from .problem import WIDEST_ACCESS, Problem, ProductCost, ProductParameters
from .tiles import candidates, offered

__all__ = ["routed_cost"]

FloatArray = NDArray[np.float64]

#: Blocks whose latencies hide one another where they fit, of which here one runs alone.
_HIDING = 4.0


def routed_cost(
    p: Problem, hardware: HardwareColumns, parameters: ProductParameters, library: TileLibrary, *, l2: FloatArray
) -> ProductCost:
    """Time of each product, with what it comes about from, shape (num_kernels, num_accelerators).

    Parameters
    ----------
    p : Problem
    hardware : HardwareColumns
    parameters : ProductParameters
    library : TileLibrary
        Chooses by rule.
    l2 : array of shape (num_accelerators,)
        Share of the L2 bandwidth that products reach where they are bound by it. [1]
    """
    rows, columns = _tile(p, library)
    blocks = (p.batch * np.ceil(p.m / rows) * np.ceil(p.n / columns))[:, None]
    waves = np.ceil(blocks / hardware.cores)
    arithmetic = waves * _of_block(p, hardware, parameters, rows, columns, library)
    read = blocks * _bytes_of_block(p, rows, columns)[:, None] / (l2 * hardware.operand_rate)
    exposed = waves * parameters.start / hardware.core_clock + _drained(p, rows, columns, blocks, hardware, parameters)
    moved = (p.reads + p.writes)[:, None] * (1.0 - p.hit_rate)
    dram = moved / np.minimum(parameters.dram * hardware.dram_achievable_read, hardware.dram_bandwidth)
    same = np.ones_like(arithmetic)
    return ProductCost(
        time=parameters.floor + overlapped((np.maximum(arithmetic + exposed, read), dram), parameters.overlap),
        access=WIDEST_ACCESS * same,
        tile_rows=rows[:, None] * same,
        tile_columns=columns[:, None] * same,
        splits=same,
        blocks=blocks * same,
        waves=waves,
        arithmetic=arithmetic,
        exposed=exposed,
        l2=read,
        dram=dram,
        splitting=0.0 * same,
        floor=parameters.floor * same,
    )


def _tile(p: Problem, library: TileLibrary) -> tuple[FloatArray, FloatArray]:
    """Rows and columns of the tile of each product."""
    rows, columns, _ = candidates(library)
    chosen = offered(library, p.m, p.n, p.k, batch=p.batch).argmax(axis=1)
    return rows[chosen], columns[chosen]


def _of_block(
    p: Problem,
    hardware: HardwareColumns,
    parameters: ProductParameters,
    rows: FloatArray,
    columns: FloatArray,
    library: TileLibrary,
) -> FloatArray:
    """Time of a core for one block: the longer of multiplying and of taking operands into shared memory. [s]"""
    edge, filling = rows + columns, np.minimum(np.floor(library.accumulators / (rows * columns)), _HIDING)
    fed = np.maximum((rows * columns)[:, None], parameters.feed * edge[:, None])
    steps = np.ceil(p.k * p.itemsize / library.step)
    multiplying = 2.0 * (steps * library.step / p.itemsize)[:, None] * fed
    multiplying = multiplying / (p.peak / hardware.cores * parameters.rate)
    moving = (steps * library.step * edge)[:, None] / (WIDEST_ACCESS * parameters.accesses * hardware.core_clock)
    alone = np.maximum(parameters.alone * filling[:, None], 1.0)
    longer: FloatArray = alone * np.maximum(multiplying, moving)
    return longer


def _bytes_of_block(p: Problem, rows: FloatArray, columns: FloatArray) -> FloatArray:
    """What a block reads: its rows as far as there are any, and its columns of the weights with their scales. [B]"""
    weights = (p.reads - p.batch * p.m * p.k * p.itemsize) / (p.batch * p.n)
    read: FloatArray = np.minimum(p.m, rows) * p.k * p.itemsize + columns * weights
    return read


def _drained(
    p: Problem,
    rows: FloatArray,
    columns: FloatArray,
    blocks: FloatArray,
    hardware: HardwareColumns,
    parameters: ProductParameters,
) -> FloatArray:
    """Time in which blocks put their tiles out. [s]"""
    tile = rows * columns * p.writes / (p.batch * p.m * p.n)
    drained: FloatArray = blocks * tile[:, None] / (parameters.store * hardware.dram_achievable_read)
    return drained
