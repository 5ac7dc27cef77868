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

from .problem import WIDEST_ACCESS, Problem, ProductCost, ProductParameters
from .tiles import candidates, offered
from .unsplit import bytes_of_block, num_blocks, unsplit_cost

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
    blocks = num_blocks(p, rows, columns)
    waves = np.ceil(blocks / hardware.cores)
    return unsplit_cost(
        p,
        hardware,
        parameters,
        rows=rows,
        columns=columns,
        access=np.full_like(p.m, WIDEST_ACCESS),
        arithmetic=waves * _of_block(p, hardware, parameters, rows, columns, library),
        exposed=waves * parameters.start / hardware.core_clock
        + _drained(p, rows, columns, blocks, hardware, parameters),
        l2=blocks * bytes_of_block(p, rows, columns)[:, None] / (l2 * hardware.operand_rate),
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
