"""Tables of the study: rows of named quantities with their units, and their CSV form."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Cell", "Row", "Table", "TableError"]

Cell = str | int | float | bool | None
Row = Mapping[str, Cell]


class TableError(ValueError):
    """Rows of a table do not have the table's columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of equal columns. Quantities are in SI units.

    Attributes
    ----------
    name : str
        File name without its ending.
    title : str
    units : mapping of str to str
        Columns in order, each with its unit; an empty string for names and counts.
    rows : tuple of mapping
    """

    name: str
    title: str
    units: Mapping[str, str]
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        """Refuse rows that lack a column or have one too many."""
        for number, row in enumerate(self.rows):
            if set(row) != set(self.units):
                odd = sorted(set(row) ^ set(self.units))
                raise TableError(f"{self.name}: row {number} differs from the columns in {', '.join(odd)}")

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.units)

    def heading(self, column: str) -> str:
        """Name of a column with its unit in brackets."""
        unit = self.units[column]
        return f"{column} [{unit}]" if unit else column

    def where(self, **wanted: Cell) -> Iterator[Row]:
        """Rows whose cells equal the given ones."""
        for row in self.rows:
            if all(row[name] == value for name, value in wanted.items()):
                yield row

    def numbers(self, column: str, **wanted: Cell) -> list[float]:
        """Cells of one column as floats, of the rows that :meth:`where` gives; empty cells are left out."""
        cells = (row[column] for row in self.where(**wanted))
        return [float(cell) for cell in cells if cell is not None]

    def number(self, column: str, **wanted: Cell) -> float:
        """The one cell of a column that :meth:`where` gives.

        Raises
        ------
        TableError
            None or several rows fit.
        """
        found = self.numbers(column, **wanted)
        if len(found) != 1:
            raise TableError(f"{self.name}: {len(found)} rows with {dict(wanted)}; there must be one")
        return found[0]

    def total(self, column: str, **wanted: Cell) -> float:
        """Sum of a column over the rows that :meth:`where` gives."""
        return sum(self.numbers(column, **wanted))

    def distinct(self, column: str, **wanted: Cell) -> list[Cell]:
        """Different cells of a column in the order of their first row."""
        return list(dict.fromkeys(row[column] for row in self.where(**wanted)))

    def to_csv(self) -> str:
        """Headings with units, then the rows; floats with nine significant digits."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([self.heading(name) for name in self.columns])
        for row in self.rows:
            writer.writerow([_printed(row[name]) for name in self.columns])
        return stream.getvalue()

    @classmethod
    def of(cls, name: str, title: str, units: Mapping[str, str], rows: Iterable[Sequence[Cell]]) -> Table:
        """Table from rows as sequences in the order of the columns.

        Raises
        ------
        TableError
            A row is longer or shorter than the columns.
        """
        columns = tuple(units)
        records = []
        for number, row in enumerate(rows):
            if len(row) != len(columns):
                raise TableError(f"{name}: row {number} has {len(row)} cells for {len(columns)} columns")
            records.append(dict(zip(columns, row, strict=True)))
        return cls(name=name, title=title, units=units, rows=tuple(records))


def _printed(cell: Cell) -> str:
    if cell is None:
        return ""
    return f"{cell:.9g}" if isinstance(cell, float) else str(cell)
