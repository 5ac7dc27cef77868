"""What a cost function of a kernel family returns, and which parameters a kernel uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import KernelFamily, KernelTable

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
    KernelFamily.ATTENTION: "attention",
    KernelFamily.CONVOLUTION: "convolution",
    KernelFamily.ELEMENTWISE: "stream",
    KernelFamily.REDUCTION: "rows",
    KernelFamily.NORMALIZATION: "rows",
    KernelFamily.SOFTMAX: "rows",
    KernelFamily.COPY: "stream",
    KernelFamily.GATHER: "stream",
    KernelFamily.COLLECTIVE: "collective",
}

_ON_VECTOR_UNITS = {KernelFamily.MATMUL: "vector_matmul", KernelFamily.CONVOLUTION: "vector_convolution"}


def parameter_group(table: KernelTable) -> NDArray[np.int64]:
    """Parameter group of each kernel, codes into :data:`GROUPS`, shape (num_kernels,)."""
    on_matrix = np.array([GROUPS.index(_GROUP_OF_FAMILY[f]) for f in KernelFamily])
    on_vector = np.array([GROUPS.index(_ON_VECTOR_UNITS.get(f, _GROUP_OF_FAMILY[f])) for f in KernelFamily])
    return np.where(table.matrix_flops > 0, on_matrix[table.family], on_vector[table.family])


def bound_of(terms: Mapping[str, FloatArray]) -> NDArray[np.int64]:
    """Code of the largest of some terms that are named as in :data:`BOUNDS`."""
    codes = np.array([BOUNDS.index(name) for name in terms])
    winner: NDArray[np.int64] = codes[np.stack(list(terms.values())).argmax(axis=0)]
    return winner
