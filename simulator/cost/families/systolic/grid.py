r"""Time of products on a grid of multipliers that keeps one block while another streams past it.

With a grid of :math:`R \times C`, a product :math:`(m, k) (k, n)` is cut into blocks that the grid keeps. Where it
keeps a block of an operand, of :math:`R` of the reduced length by :math:`C` columns, all rows of the other stream past
it; where it keeps the sums of :math:`R \times C` results, the reduced length does:

.. math::
    t = \frac{2 R C}{F} \begin{cases}
    \lceil k / R \rceil \lceil n / C \rceil \max(m, \tau) & \text{an operand} \\
    \lceil m / R \rceil \lceil n / C \rceil \max(k, \tau) & \text{the output}
    \end{cases}

with the published rate :math:`F` of all grids together, and :math:`\tau` the clocks in which the next block takes the
place of the one before, behind the stream. Sides that do not fill the grid are padded: heads of 64 leave three quarters
of a grid of 256 x 256 idle in both products of attention. A compiler may keep a block of either operand, and takes the
one that is done sooner.

Sources: "How To Scale Your Model" (jax-ml.github.io/scaling-book), tpus, appendix B; AWS Neuron documentation,
Trainium/Inferentia2 architecture guide, Tensor Engine (LoadStationary and MultiplyMoving); Jouppi et al., ISCA 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hw_specs import Architecture

__all__ = ["Grid", "grid_time"]

FloatArray = NDArray[np.float64]

#: Grid of which nothing is stated, that of most parts, and rows to which streams are padded: the sublanes of a vector
#: register (scaling-book, tpus, appendix C). [1]
_USUAL_SIDE, _SUBLANES = 128.0, 8.0

#: Instructions of an exponential in a polynomial. [1]
_USUAL_SPECIAL = 8.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Grid:
    """Matrix and vector units of some accelerators, shape (num_accelerators,).

    Attributes
    ----------
    rows, columns : array
        [1]
    keeps_output : array of bool
    turnover : array
        Clocks in which the next block is in place. [clk]
    vector_share : array
        Elements that an instruction takes through the vector units over their published FLOPs. [1]
    special : array
        Instructions of a special function where it has no unit with a published rate. [1]
    beside_special : array
        Elementwise operations that a unit of special functions does with each. [1]
    second_operand : array
        Instructions that each element of a further tensor operand costs on top. [1]
    paged_queries : array
        Queries that attention over a paged cache computes at least for each sequence. [1]
    """

    rows: FloatArray
    columns: FloatArray
    keeps_output: NDArray[np.bool_]
    turnover: FloatArray
    vector_share: FloatArray
    special: FloatArray
    beside_special: FloatArray
    second_operand: FloatArray
    paged_queries: FloatArray

    @classmethod
    def of(cls, traits: Sequence[Architecture]) -> Self:
        """Of accelerators with some traits; usual numbers stand in for those that are not stated."""
        return cls(
            rows=np.array([float(t.array.rows or _USUAL_SIDE) for t in traits]),
            columns=np.array([float(t.array.columns or _USUAL_SIDE) for t in traits]),
            keeps_output=np.array([t.array.keeps == "output" for t in traits], dtype=np.bool_),
            turnover=np.array([float(t.array.turnover or t.array.rows or _USUAL_SIDE) for t in traits]),
            vector_share=np.array([t.array.vector_share or 1.0 for t in traits]),
            special=np.array([float(t.array.special_instructions or _USUAL_SPECIAL) for t in traits]),
            beside_special=np.array([float(t.array.special_operations or 0) for t in traits]),
            second_operand=np.array([float(t.array.second_operand or 0) for t in traits]),
            paged_queries=np.array([float(t.array.paged_queries or 1) for t in traits]),
        )


def grid_time(
    grid: Grid, *, batch: FloatArray, m: FloatArray, n: FloatArray, k: FloatArray, peak: FloatArray
) -> FloatArray:
    """Time of products while the grid never waits, shape (num_kernels, num_accelerators). [s]

    Parameters
    ----------
    grid : Grid
    batch, m, n, k : array of shape (num_kernels, 1)
    peak : array of shape (num_kernels, num_accelerators)
        [FLOP/s]
    """
    area = 2.0 * grid.rows * grid.columns
    weights = _stream(grid, m) * np.ceil(k / grid.rows) * np.ceil(n / grid.columns)
    data = _stream(grid, n) * np.ceil(k / grid.rows) * np.ceil(m / grid.columns)
    output = np.maximum(k, grid.turnover) * np.ceil(m / grid.rows) * np.ceil(n / grid.columns)
    clocks = np.where(grid.keeps_output, output, np.minimum(weights, data))
    time: FloatArray = batch * clocks * area / peak
    return time


def _stream(grid: Grid, rows: FloatArray) -> FloatArray:
    """Clocks in which so many rows stream past a block. [clk]"""
    return np.maximum(np.ceil(rows / _SUBLANES) * _SUBLANES, grid.turnover)
