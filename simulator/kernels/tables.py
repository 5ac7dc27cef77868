"""All kernels of a lowered graph: a table for each family, and which family each kernel is of."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .kernel import BoolArray, FloatArray, IntArray, Kernel
from .table import FamilyTable, table_type

__all__ = ["KernelTables"]


@dataclass(frozen=True, eq=False, kw_only=True)
class KernelTables:
    """Distinct kernels of all families.

    A kernel has one row in the whole; the rows of a family are in the order of its table.

    Attributes
    ----------
    tables : tuple of FamilyTable
        Of the families that occur.
    family : ndarray of int, shape (num_kernels,)
        Position in `tables` of the table that each kernel is in.
    """

    tables: tuple[FamilyTable, ...]
    family: IntArray

    def __len__(self) -> int:
        """Number of distinct kernels."""
        return len(self.family)

    def __iter__(self) -> Iterator[tuple[FamilyTable, IntArray]]:
        """Tables with the rows of their kernels in the whole."""
        return iter(zip(self.tables, self._rows, strict=True))

    @classmethod
    def from_kernels(cls, kernels: Sequence[Kernel], count: Iterable[float] | None = None) -> KernelTables:
        """Tables of some kernels, in their order; `count` defaults to one launch each."""
        launches = np.ones(len(kernels)) if count is None else np.fromiter(count, dtype=np.float64)
        types = list(dict.fromkeys(map(type, kernels)))
        code = {kind: i for i, kind in enumerate(types)}
        family = np.array([code[type(kernel)] for kernel in kernels], dtype=np.int64)
        tables = []
        for position, kind in enumerate(types):
            rows = np.flatnonzero(family == position)
            tables.append(table_type(kind).from_kernels([kernels[i] for i in rows.tolist()], launches[rows]))
        return cls(tables=tuple(tables), family=family)

    @cached_property
    def _rows(self) -> tuple[IntArray, ...]:
        return tuple(np.flatnonzero(self.family == i) for i in range(len(self.tables)))

    def select(self, rows: IntArray | BoolArray) -> KernelTables:
        """Some kernels, by index or mask."""
        index = np.arange(len(self))[rows]
        place = np.zeros(len(self), dtype=np.int64)
        for own in self._rows:
            place[own] = np.arange(len(own))
        chosen = [index[self.family[index] == code] for code in range(len(self.tables))]
        kept = [code for code, own in enumerate(chosen) if own.size]
        number = np.zeros(len(self.tables), dtype=np.int64)
        number[kept] = np.arange(len(kept))
        return KernelTables(
            tables=tuple(self.tables[code].select(place[chosen[code]]) for code in kept),
            family=number[self.family[index]],
        )

    def map(self, change: Callable[[FamilyTable], FamilyTable]) -> KernelTables:
        """The same kernels with each table changed; this very object where none is."""
        tables = tuple(map(change, self.tables))
        same = all(one is other for one, other in zip(tables, self.tables, strict=True))
        return self if same else KernelTables(tables=tables, family=self.family)

    def with_count(self, count: FloatArray) -> KernelTables:
        """The same kernels with other numbers of launches, shape (num_kernels,)."""
        tables = tuple(replace(table, count=count[rows]) for table, rows in self)
        return KernelTables(tables=tables, family=self.family)

    def numbers(self, of: Callable[[FamilyTable], FloatArray]) -> FloatArray:
        """Something that every table says of its kernels, shape (num_kernels,)."""
        values = np.zeros(len(self))
        for table, rows in self:
            values[rows] = of(table)
        return values

    def keys(self) -> list[Hashable]:
        """What tells each kernel from all others, also from those of another run."""
        keys: list[Hashable] = [None] * len(self)
        for table, rows in self:
            for row, key in zip(rows.tolist(), table.keys(), strict=True):
                keys[row] = key
        return keys

    def _texts(self, of: Callable[[FamilyTable], Sequence[str]]) -> tuple[str, ...]:
        texts = [""] * len(self)
        for table, rows in self:
            for row, text in zip(rows.tolist(), of(table), strict=True):
                texts[row] = text
        return tuple(texts)

    @cached_property
    def name(self) -> tuple[str, ...]:
        """Name of each kernel."""
        return self._texts(lambda table: table.name)

    @cached_property
    def kind(self) -> tuple[str, ...]:
        """What each kernel is, in a word or two."""
        return self._texts(lambda table: table.kind_names())

    @cached_property
    def number_format(self) -> tuple[str, ...]:
        """Number format of each kernel."""
        return self._texts(lambda table: [table.formats[code] for code in table.number_format.tolist()])

    @cached_property
    def count(self) -> FloatArray:
        """Launches of each kernel in the whole run, shape (num_kernels,). [1]"""
        return self.numbers(lambda table: table.count)

    @cached_property
    def bytes(self) -> FloatArray:
        """Compulsory traffic of each kernel, shape (num_kernels,). [B]"""
        return self.numbers(lambda table: table.bytes)

    @cached_property
    def matrix_flops(self) -> FloatArray:
        """Operations of each kernel on matrix units, shape (num_kernels,). [FLOP]"""
        return self.numbers(lambda table: table.matrix_flops)

    @cached_property
    def vector_flops(self) -> FloatArray:
        """Operations of each kernel on vector units, shape (num_kernels,). [FLOP]"""
        return self.numbers(lambda table: table.vector_flops)

    @cached_property
    def special_ops(self) -> FloatArray:
        """Operations of each kernel on special function units, shape (num_kernels,). [1]"""
        return self.numbers(lambda table: table.special_ops)
