"""Row-wise kernels: a thread block reduces a row, and most write it again."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Generic

from .kernel import Code, FloatArray, IntArray, Kernel, Number
from .table import FamilyTable

__all__ = ["RowKind", "RowWise", "RowWiseColumns", "RowWiseTable"]


class RowKind(enum.IntEnum):
    """What is done with a row. ``MOMENTS`` alone writes no row: a mean and a deviation of a group of channels."""

    NORMALIZATION = 0
    SOFTMAX = 1
    MOMENTS = 2


@dataclass(frozen=True, eq=False, kw_only=True)
class RowWiseColumns(Generic[Number, Code]):
    """Extents of row-wise kernels.

    Attributes
    ----------
    kind
        A :class:`RowKind`.
    rows
        Rows, each of which has a thread block of its own. [1]
    row_length
        Elements of a row. [1]
    """

    kind: Code
    rows: Number
    row_length: Number


@dataclass(frozen=True, kw_only=True)
class RowWise(RowWiseColumns[float, RowKind], Kernel):
    """One row-wise kernel."""

    @property
    def walked(self) -> float:
        """Elements that it walks. [1]"""
        return self.rows * self.row_length


@dataclass(frozen=True, eq=False, kw_only=True)
class RowWiseTable(RowWiseColumns[FloatArray, IntArray], FamilyTable):
    """Row-wise kernels as columns."""

    kernel_type = RowWise

    def kind_names(self) -> tuple[str, ...]:
        """Name of the kind of each kernel."""
        return tuple(RowKind(code).name.lower() for code in self.kind.tolist())
