"""A section of the study: tables, a figure, and text."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Section", "tables_by_name"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section of the page.

    Attributes
    ----------
    name : str
        File name of its figure, without the ending.
    title : str
    shows : str
        What its tables and figure show, and how they were computed.
    tables : tuple of Table
    draw : callable, optional
        Makes the figure.
    alt : str
        The figure in a sentence, for those who cannot see it.
    remarks : tuple of str
        What stands out, in sentences made from the numbers.
    """

    name: str
    title: str
    shows: str
    tables: tuple[Table, ...]
    draw: Callable[[], Figure] | None = None
    alt: str = ""
    remarks: tuple[str, ...] = ()


def tables_by_name(sections: Iterable[Section]) -> dict[str, Table]:
    """All tables of some sections by their names."""
    return {table.name: table for section in sections for table in section.tables}
