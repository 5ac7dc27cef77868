"""Kernels that write rows to places of their own: paged key-value caches, indexed writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic

from .kernel import FloatArray, Kernel, Number
from .table import FamilyTable

__all__ = ["Scatter", "ScatterColumns", "ScatterTable"]


@dataclass(frozen=True, eq=False, kw_only=True)
class ScatterColumns(Generic[Number]):
    """Extents of scattered rows.

    Attributes
    ----------
    rows
        Rows that a thread block each puts to its place. [1]
    row_length
        Elements of a row. [1]
    """

    rows: Number
    row_length: Number


@dataclass(frozen=True, kw_only=True)
class Scatter(ScatterColumns[float], Kernel):
    """One kernel that scatters rows."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ScatterTable(ScatterColumns[FloatArray], FamilyTable):
    """Scattered rows as columns."""

    kernel_type = Scatter
