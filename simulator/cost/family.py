"""What a cost function of a kernel family returns, and which parameters a kernel uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import AccessPattern, Implementation, KernelFamily, KernelTable

from .parameters import GROUPS
from .roofline import BOUNDS

__all__ = ["FamilyCost", "bound_of", "parameter_group"]

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


_GROUP_OF_FAMILY = {
    KernelFamily.MATMUL: "matmul",
    KernelFamily.ATTENTION: "flash2",
    KernelFamily.CONVOLUTION: "convolution",
    KernelFamily.ELEMENTWISE: "stream",
    KernelFamily.REDUCTION: "stream",
    KernelFamily.NORMALIZATION: "normalization",
    KernelFamily.SOFTMAX: "softmax",
    KernelFamily.COPY: "stream",
    KernelFamily.GATHER: "stream",
    KernelFamily.COLLECTIVE: "collective",
}

_GROUP_OF_ATTENTION = {
    Implementation.FLASH3: "flash3",
    Implementation.FLASH4: "flash4",
    Implementation.CUDNN_ATTENTION: "cudnn_attention",
    Implementation.EFFICIENT: "efficient",
}

_EIGHT_BIT = ("fp8", "fp6", "fp4", "int8", "int4")


def parameter_group(table: KernelTable) -> NDArray[np.int64]:
    """Parameter group of each kernel, codes into :data:`GROUPS`, shape (num_kernels,)."""
    by_family = np.array([GROUPS.index(_GROUP_OF_FAMILY[family]) for family in KernelFamily])
    group = by_family[table.family]
    narrow = np.array([name in _EIGHT_BIT for name in table.formats])[table.number_format]
    vector = table.matrix_flops == 0
    special_cases = {
        "vector_matmul": (table.family == KernelFamily.MATMUL) & vector,
        "vector_batched": (table.family == KernelFamily.MATMUL) & vector & (table.batch > 1),
        "vector_convolution": (table.family == KernelFamily.CONVOLUTION) & vector,
        "matmul8": (table.family == KernelFamily.MATMUL) & narrow & ~vector,
        "quantize": (table.family == KernelFamily.NORMALIZATION) & narrow,
        "scatter": (table.family == KernelFamily.GATHER) & (table.pattern == AccessPattern.STRIDED),
    }
    attention = table.family == KernelFamily.ATTENTION
    for implementation, name in _GROUP_OF_ATTENTION.items():
        special_cases[name] = attention & (table.implementation == implementation)
    for name, rows in special_cases.items():
        group = np.where(rows, GROUPS.index(name), group)
    return group


def bound_of(terms: Mapping[str, FloatArray]) -> NDArray[np.int64]:
    """Code of the largest of some terms that are named as in :data:`BOUNDS`."""
    codes = np.array([BOUNDS.index(name) for name in terms])
    winner: NDArray[np.int64] = codes[np.stack(list(terms.values())).argmax(axis=0)]
    return winner
