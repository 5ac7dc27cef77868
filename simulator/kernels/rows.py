"""Row-wise kernels: a thread block reduces a row, and most write it again."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Generic

from .kernel import BoolArray, Code, Flag, FloatArray, IntArray, Kernel, Number, column
from .table import FamilyTable

__all__ = ["RowKind", "RowWise", "RowWiseColumns", "RowWiseTable"]


class RowKind(enum.IntEnum):
    """What is done with a row. ``MOMENTS`` alone writes no row: a mean and a deviation of a group of channels."""

    NORMALIZATION = 0
    SOFTMAX = 1
    MOMENTS = 2


@dataclass(frozen=True, eq=False, kw_only=True)
class RowWiseColumns(Generic[Number, Flag, Code]):
    """Extents of row-wise kernels.

    Attributes
    ----------
    kind
        A :class:`RowKind`.
    rows
        Rows, each of which has a thread block of its own. [1]
    row_length
        Elements of a row. [1]
    held
        Whether a warp keeps the row in registers from its first pass to its last.
    generated
        Whether a compiler wrote it.
    """

    kind: Code
    rows: Number
    row_length: Number
    held: Flag = column(False)
    generated: Flag = column(False)


@dataclass(frozen=True, kw_only=True)
class RowWise(RowWiseColumns[float, bool, RowKind], Kernel):
    """One row-wise kernel."""

    @property
    def walked(self) -> float:
        """Elements that it walks. [1]"""
        return self.rows * self.row_length


@dataclass(frozen=True, eq=False, kw_only=True)
class RowWiseTable(RowWiseColumns[FloatArray, BoolArray, IntArray], FamilyTable):
    """Row-wise kernels as columns."""

    kernel_type = RowWise

    def kind_names(self) -> tuple[str, ...]:
        """Name of the kind of each kernel."""
        return tuple(RowKind(code).name.lower() for code in self.kind.tolist())
