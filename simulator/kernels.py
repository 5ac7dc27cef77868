"""What a device launches, as columns: the table that lowering fills and the cost model reads."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["AccessPattern", "Implementation", "Kernel", "KernelFamily", "KernelTable"]

FloatArray = NDArray[np.float64]


class KernelFamily(enum.IntEnum):
    """Kinds of kernel that share one cost function."""

    MATMUL = 0
    ATTENTION = 1
    CONVOLUTION = 2
    ELEMENTWISE = 3
    REDUCTION = 4
    NORMALIZATION = 5
    SOFTMAX = 6
    COPY = 7
    GATHER = 8
    COLLECTIVE = 9


class Implementation(enum.IntEnum):
    """Algorithm of a kernel, where a family has several."""

    DEFAULT = 0
    FLASH2 = 1
    FLASH3 = 2
    FLASH4 = 3
    CUDNN_ATTENTION = 4
    FLASH2_PAGED = 5
    IMPLICIT_GEMM = 6
    WINOGRAD = 7
    DEPTHWISE = 8
    GROUP_NORM_STATISTICS = 9
    ALL_REDUCE = 10
    ALL_GATHER = 11
    REDUCE_SCATTER = 12
    ALL_TO_ALL = 13
    BROADCAST = 14
    FUSED_CHAIN = 15
    SPLIT_FLOAT32 = 16
    TILED_TRANSPOSE = 17
    LIMITED_GRID = 18
    EFFICIENT = 19


class AccessPattern(enum.IntEnum):
    """How the threads of a memory-bound kernel walk its operands."""

    CONTIGUOUS = 0
    BROADCAST = 1
    STRIDED = 2
    TRANSPOSED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """One distinct kernel: a row of :class:`KernelTable`.

    Attributes
    ----------
    name : str
        Short name for reports: ``gemm``, ``flash_attention``, ``group_norm_statistics``.
    family : KernelFamily
    implementation : Implementation
    number_format : str
        Format of the arithmetic in :mod:`hw_specs`' names (``fp16``, ``bf16``, ``tf32``, ``fp8`` ...).
    matrix_flops, vector_flops : float
        Adds and multiplies on the matrix and the vector units, as the algorithm executes them. [FLOP]
    special_ops : float
        Exponentials, reciprocals, roots and the like on the special function units. [1]
    bytes_read, bytes_written : float
        Compulsory traffic: each distinct input byte once, each output byte once. [B]
    resident_bytes : float
        Part of `bytes_read` that an earlier kernel has just touched and a large enough cache still holds. [B]
    itemsize : float
        Bytes of one element of the main operand. [B]
    batch, m, n, k : float
        Matmul ``batch x (m,k)(k,n)``; attention: batch*query heads, query length, key length, head dimension;
        convolution as implicit GEMM: groups, output positions (with the batch), output channels per group, reduced
        length; row-wise kernels: 1, rows, row width, 1; elementwise and copies: 1, elements of the output, 1, axes
        that no two of which all operands walk as one;
        collectives: 1, bytes per rank, ranks, 1.
    group : float
        Query heads per key head in attention; side of the filter in convolutions (3 for 3x3); number of groups
        in group norm; else 1.
    num_inputs : float
        Tensor operands that are read.
    causal : bool
        Whether attention skips keys after the query.
    pattern : AccessPattern
    height, width : float
        Sides of the output image of a 2d convolution; 0 where there is none.
    taps : float
        Positions of the filter, each of which adds its input channels to the reduced length of a convolution; else 1.
    """

    name: str
    family: KernelFamily
    number_format: str
    implementation: Implementation = Implementation.DEFAULT
    matrix_flops: float = 0.0
    vector_flops: float = 0.0
    special_ops: float = 0.0
    bytes_read: float = 0.0
    bytes_written: float = 0.0
    resident_bytes: float = 0.0
    itemsize: float = 2.0
    batch: float = 1.0
    m: float = 1.0
    n: float = 1.0
    k: float = 1.0
    group: float = 1.0
    num_inputs: float = 1.0
    causal: bool = False
    pattern: AccessPattern = AccessPattern.CONTIGUOUS
    height: float = 0.0
    width: float = 0.0
    taps: float = 1.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class KernelTable:
    """Distinct kernels as columns, one entry a kernel; units as in :class:`Kernel`.

    ``number_format`` holds indices into :attr:`formats`; ``count`` how often each kernel is launched in the whole
    run; everything else is as in :class:`Kernel`.
    """

    name: tuple[str, ...]
    formats: tuple[str, ...]
    family: NDArray[np.int64]
    implementation: NDArray[np.int64]
    number_format: NDArray[np.int64]
    matrix_flops: FloatArray
    vector_flops: FloatArray
    special_ops: FloatArray
    bytes_read: FloatArray
    bytes_written: FloatArray
    resident_bytes: FloatArray
    itemsize: FloatArray
    batch: FloatArray
    m: FloatArray
    n: FloatArray
    k: FloatArray
    group: FloatArray
    num_inputs: FloatArray
    causal: NDArray[np.bool_]
    pattern: NDArray[np.int64]
    height: FloatArray
    width: FloatArray
    taps: FloatArray
    count: FloatArray

    def __len__(self) -> int:
        """Number of distinct kernels."""
        return len(self.family)

    @property
    def bytes(self) -> FloatArray:
        """Compulsory traffic of each kernel, shape (num_kernels,). [B]"""
        return self.bytes_read + self.bytes_written

    @property
    def flops(self) -> FloatArray:
        """Arithmetic of each kernel on the matrix and vector units, shape (num_kernels,). [FLOP]"""
        return self.matrix_flops + self.vector_flops

    def select(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> KernelTable:
        """Table of some rows, by index or mask."""
        index = np.arange(len(self))[rows]
        columns = {f.name: getattr(self, f.name)[index] for f in fields(self) if f.name not in ("name", "formats")}
        return KernelTable(name=tuple(self.name[i] for i in index), formats=self.formats, **columns)

    @classmethod
    def from_kernels(cls, kernels: Sequence[Kernel], count: Iterable[float] | None = None) -> KernelTable:
        """Columns from rows; `count` defaults to one launch each."""
        formats = tuple(sorted({kernel.number_format for kernel in kernels}))
        position = {name: i for i, name in enumerate(formats)}
        columns: dict[str, Any] = {
            name: np.array([getattr(kernel, name) for kernel in kernels], dtype=dtype)
            for name, dtype in _COLUMN_DTYPES.items()
        }
        launches = np.ones(len(kernels)) if count is None else np.fromiter(count, dtype=np.float64)
        return cls(
            name=tuple(kernel.name for kernel in kernels),
            formats=formats,
            number_format=np.array([position[k.number_format] for k in kernels], dtype=np.int64),
            count=launches,
            **columns,
        )


_COLUMN_DTYPES: dict[str, type] = {
    "family": np.int64,
    "implementation": np.int64,
    "matrix_flops": np.float64,
    "vector_flops": np.float64,
    "special_ops": np.float64,
    "bytes_read": np.float64,
    "bytes_written": np.float64,
    "resident_bytes": np.float64,
    "itemsize": np.float64,
    "batch": np.float64,
    "m": np.float64,
    "n": np.float64,
    "k": np.float64,
    "group": np.float64,
    "num_inputs": np.float64,
    "causal": np.bool_,
    "pattern": np.int64,
    "height": np.float64,
    "width": np.float64,
    "taps": np.float64,
}
