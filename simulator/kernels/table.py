"""Kernels of one family as columns: what the cost functions read."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np

from .kernel import BoolArray, FloatArray, IntArray, Kernel, KernelColumns

__all__ = ["FamilyTable", "table_type"]


@dataclass(frozen=True, eq=False, kw_only=True)
class FamilyTable(KernelColumns[FloatArray]):
    """Distinct kernels of one family, one entry a kernel; the columns are those of its kernel.

    Attributes
    ----------
    kernel_type : type of Kernel
        What one row of the table is.
    contracts : bool
        Whether the family multiplies matrices, so that its arithmetic needs units of its own number format.
    name : tuple of str
    formats : tuple of str
        Number formats that occur.
    number_format : array of int
        Positions in `formats`.
    count : array
        How often each kernel is launched in the whole run. [1]
    """

    kernel_type: ClassVar[type[Kernel]]
    contracts: ClassVar[bool] = False

    name: tuple[str, ...]
    formats: tuple[str, ...]
    number_format: IntArray
    count: FloatArray

    def __init_subclass__(cls) -> None:
        """Make the table known as that of its kernel."""
        super().__init_subclass__()
        _TABLES[cls.kernel_type] = cls

    def __len__(self) -> int:
        """Number of distinct kernels."""
        return len(self.number_format)

    @property
    def bytes(self) -> FloatArray:
        """Compulsory traffic of each kernel, shape (num_kernels,). [B]"""
        return self.bytes_read + self.bytes_written

    @property
    def memory_bytes(self) -> FloatArray:
        """Traffic of each kernel that its own device's memory has to carry, shape (num_kernels,). [B]"""
        return self.bytes

    @property
    def link_bytes(self) -> FloatArray:
        """Least bytes that each kernel sends to other devices, shape (num_kernels,). [B]"""
        return np.zeros(len(self))

    @property
    def link_devices(self) -> FloatArray:
        """Neighbouring devices among which those bytes travel, shape (num_kernels,). [1]"""
        return np.ones(len(self))

    @property
    def least_vector_flops(self) -> FloatArray:
        """Operations on vector units that no algorithm does without, shape (num_kernels,). [FLOP]"""
        return self.vector_flops

    def keys(self) -> list[Hashable]:
        """What tells each kernel from all others: its columns, and not how often it is launched."""
        columns = [getattr(self, name).tolist() for name in self.kernel_type.dtypes()]
        formats = [self.formats[code] for code in self.number_format.tolist()]
        return list(zip(itertools.repeat(self.kernel_type), self.name, formats, *columns, strict=False))

    @property
    def avoidable(self) -> BoolArray:
        """Kernels that the work itself does not ask for, shape (num_kernels,)."""
        return np.zeros(len(self), dtype=np.bool_)

    def kind_names(self) -> tuple[str, ...]:
        """What each kernel is, in a word or two for those who look for it."""
        return (self.kernel_type.__name__.lower(),) * len(self)

    def extents(self) -> dict[str, FloatArray]:
        """Numbers that the family adds to those of all kernels, by name."""
        own = set(self.kernel_type.number_names()) - set(Kernel.number_names())
        return {name: getattr(self, name) for name in self.kernel_type.number_names() if name in own}

    def select(self, rows: IntArray | BoolArray) -> Self:
        """Table of some rows, by index or mask."""
        index = np.arange(len(self))[rows]
        columns = {f.name: getattr(self, f.name)[index] for f in fields(self) if f.name not in ("name", "formats")}
        return type(self)(name=tuple(self.name[i] for i in index.tolist()), formats=self.formats, **columns)

    @classmethod
    def from_kernels(cls, kernels: Sequence[Kernel], count: FloatArray) -> Self:
        """Columns from rows."""
        formats = tuple(sorted({kernel.number_format for kernel in kernels}))
        position = {name: i for i, name in enumerate(formats)}
        columns: dict[str, Any] = {
            name: np.array([getattr(kernel, name) for kernel in kernels], dtype=dtype)
            for name, dtype in cls.kernel_type.dtypes().items()
        }
        return cls(
            name=tuple(kernel.name for kernel in kernels),
            formats=formats,
            number_format=np.array([position[k.number_format] for k in kernels], dtype=np.int64),
            count=count,
            **columns,
        )


_TABLES: dict[type[Kernel], type[FamilyTable]] = {}


def table_type(kernel: type[Kernel]) -> type[FamilyTable]:
    """Table that holds kernels of a type."""
    return _TABLES[kernel]
