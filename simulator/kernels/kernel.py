"""Columns that kernels of all families have, and a kernel as one row of them.

A family declares its columns once, in a dataclass that is generic in what a column holds: numbers, flags and codes for
one kernel, arrays of them for a table. The kernel and the table of the family are both made from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "NARROW_SUMS",
    "BoolArray",
    "Code",
    "Flag",
    "FloatArray",
    "IntArray",
    "Kernel",
    "KernelColumns",
    "Number",
    "column",
]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

#: What a column holds: numbers, truth values, or members of an enumeration.
Number = TypeVar("Number")
Flag = TypeVar("Flag")
Code = TypeVar("Code")

#: Number format of products in fp16 that are added up in fp16 and not in fp32.
NARROW_SUMS = "fp16_narrow"

_DTYPES: dict[str, type] = {"Number": np.float64, "Flag": np.bool_}
_TEXTS = ("name", "number_format")


def column(default: float) -> Any:
    """A column whose value in one kernel need not be given."""
    return field(default=default)


@dataclass(frozen=True, eq=False, kw_only=True)
class KernelColumns(Generic[Number]):
    """Work of a kernel, whatever its family.

    Attributes
    ----------
    matrix_flops, vector_flops
        Adds and multiplies on the matrix and the vector units, as the algorithm executes them. [FLOP]
    special_ops
        Exponentials, reciprocals, roots and the like on the special function units. [1]
    bytes_read, bytes_written
        Compulsory traffic: each distinct input byte once, each output byte once. [B]
    resident_bytes
        Part of `bytes_read` that an earlier kernel has just touched and a large enough cache still holds. [B]
    itemsize
        Bytes of one element of the main operand. [B]
    """

    matrix_flops: Number = column(0.0)
    vector_flops: Number = column(0.0)
    special_ops: Number = column(0.0)
    bytes_read: Number = column(0.0)
    bytes_written: Number = column(0.0)
    resident_bytes: Number = column(0.0)
    itemsize: Number = column(2.0)


@dataclass(frozen=True, eq=True, kw_only=True)
class Kernel(KernelColumns[float]):
    """One distinct kernel; those of a family add its columns.

    Attributes
    ----------
    name : str
        Short name for reports: ``gemm``, ``flash_attention``, ``group_norm_statistics``.
    number_format : str
        Format of the arithmetic in :mod:`hw_specs`' names (``fp16``, ``bf16``, ``tf32``, ``fp8`` ...).
    """

    name: str
    number_format: str

    @classmethod
    @cache
    def dtypes(cls) -> dict[str, type]:
        """Type of the elements of each column but the texts, by its name."""
        return {f.name: _DTYPES.get(str(f.type), np.int64) for f in fields(cls) if f.name not in _TEXTS}

    @classmethod
    @cache
    def number_names(cls) -> tuple[str, ...]:
        """Names of the columns that hold numbers."""
        return tuple(name for name, dtype in cls.dtypes().items() if dtype is np.float64)

    def numbers(self) -> tuple[float, ...]:
        """Values of the columns that hold numbers."""
        return tuple(getattr(self, name) for name in self.number_names())
