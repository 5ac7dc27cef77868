"""What a cost function of a kernel family returns, and which parameters a kernel uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import (
    AttentionAlgorithm,
    AttentionTable,
    CollectiveTable,
    ConvolutionTable,
    FamilyTable,
    KernelTables,
    ProductTable,
    RowKind,
    RowWiseTable,
    ScatterTable,
    StreamTable,
)
from simulator.kernels.kernel import BoolArray, IntArray

from .parameters import GROUPS
from .roofline import BOUNDS

__all__ = ["FamilyCost", "bound_of", "groups_of", "parameter_group"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FamilyCost:
    """Times of the kernels of one parameter group; arrays of shape (num_kernels, num_accelerators).

    Attributes
    ----------
    time : array
        [s]
    bound : array of int
        Codes into :data:`BOUNDS`.
    terms : mapping
        How the time came about: name of the term to its values, in the order of the computation.
    """

    time: FloatArray
    bound: NDArray[np.int64]
    terms: Mapping[str, FloatArray]


_GROUP_OF_ALGORITHM = {
    AttentionAlgorithm.FLASH3: "flash3",
    AttentionAlgorithm.FLASH4: "flash4",
    AttentionAlgorithm.CUDNN: "cudnn_attention",
    AttentionAlgorithm.EFFICIENT: "efficient",
}

_EIGHT_BIT = ("fp8", "fp6", "fp4", "int8", "int4")


def parameter_group(kernels: KernelTables) -> IntArray:
    """Parameter group of each kernel, codes into :data:`GROUPS`, shape (num_kernels,)."""
    group = np.zeros(len(kernels), dtype=np.int64)
    for table, rows in kernels:
        group[rows] = groups_of(table)
    return group


def groups_of(table: FamilyTable) -> IntArray:
    """Parameter group of each kernel of a family, codes into :data:`GROUPS`, shape (num_kernels,)."""
    group = np.zeros(len(table), dtype=np.int64)
    for name, rows in _rules(table):
        group[rows] = GROUPS.index(name)
    return group


def _rules(table: FamilyTable) -> Iterator[tuple[str, BoolArray]]:
    """Groups with the kernels that they hold; later ones take precedence."""
    every = np.ones(len(table), dtype=np.bool_)
    narrow = np.array([name in _EIGHT_BIT for name in table.formats], dtype=np.bool_)[table.number_format]
    vector = table.matrix_flops == 0
    if isinstance(table, ProductTable):
        yield "matmul", every
        yield "vector_matmul", vector
        yield "vector_batched", vector & (table.batch > 1)
        yield "matmul8", narrow & ~vector
    elif isinstance(table, AttentionTable):
        yield "flash2", every
        for algorithm, name in _GROUP_OF_ALGORITHM.items():
            yield name, table.algorithm == algorithm
    elif isinstance(table, ConvolutionTable):
        yield "convolution", every
        yield "vector_convolution", vector
    elif isinstance(table, RowWiseTable):
        yield "normalization", every
        yield "quantize", narrow
        yield "softmax", table.kind == RowKind.SOFTMAX
    else:
        yield {StreamTable: "stream", ScatterTable: "scatter", CollectiveTable: "collective"}[type(table)], every


def bound_of(terms: Mapping[str, FloatArray]) -> NDArray[np.int64]:
    """Code of the largest of some terms that are named as in :data:`BOUNDS`."""
    codes = np.array([BOUNDS.index(name) for name in terms])
    winner: NDArray[np.int64] = codes[np.stack(list(terms.values())).argmax(axis=0)]
    return winner
