"""Columns of whole numbers that grow row by row in little memory: blocks of rows are as narrow as their values."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from tracer.trace import TraceFormatError

__all__ = ["ColumnStore", "as_positions", "reordered", "widened"]

_Numbers = NDArray[np.int64]
#: Column that other times are added to.
_CLOCK = "start"
#: Rows of a block.
_BLOCK = 1 << 16


class ColumnStore:
    """Columns by name, whose rows are appended and taken out all at once.

    Parameters
    ----------
    names : str
        Of the columns, with spaces between them, in the order of the values of a row.
    """

    def __init__(self, names: str) -> None:
        """See the class."""
        self._names = names.split()
        # Rows that are in no block yet, one after the other.
        self._open = array("q")
        self._blocks: dict[str, list[tuple[int, NDArray[np.unsignedinteger]]]] = {name: [] for name in self._names}
        self._sealed = 0

    def __len__(self) -> int:
        """Number of rows."""
        return self._sealed + len(self._open) // len(self._names)

    def append(self, *values: int) -> None:
        """A row.

        Raises
        ------
        TraceFormatError
            A value is no whole number of 64 bits.
        ValueError
            The row has another number of values than there are columns.
        """
        if len(values) != len(self._names):
            raise ValueError(f"{len(values)} values in a row of {len(self._names)}")
        try:
            self._open.extend(values)
        except (OverflowError, TypeError) as error:
            (value, *_) = (value for value in values if not _fits(value))
            raise TraceFormatError(f"an event has {str(value)[:40]} for a whole number of at most 64 bits") from error
        if len(self._open) == _BLOCK * len(values):
            self._seal()

    def column(self, name: str) -> _Numbers:
        """All values of a column, which stays."""
        blocks = [block.astype(np.int64) + least for least, block in self._blocks[name]]
        return np.concatenate([*blocks, self._rows()[:, self._names.index(name)]])

    def replace(self, name: str, values: _Numbers) -> None:
        """Put other values in the place of a column's."""
        parts = np.split(values, range(_BLOCK, self._sealed + 1, _BLOCK)) if self._sealed else [values]
        self._blocks[name] = [_narrowed(part) for part in parts[:-1]]
        rows = self._rows()
        rows[:, self._names.index(name)] = parts[-1]
        self._open = array("q", rows.tobytes())

    def take(self) -> dict[str, _Numbers]:
        """All columns, which are none of the store's any more.

        Integers are as narrow as the values of a column allow, from 16 bits on, but for times of a clock (``start``),
        which are of 64; a column of one value takes no memory and cannot be written to.
        """
        taken = {}
        rows = self._rows()
        for number, name in enumerate(self._names):
            taken[name] = self._take(name, rows[:, number].copy())
        del self._open[:]
        self._sealed = 0
        return taken

    def _rows(self) -> _Numbers:
        """Copy of the rows that are in no block."""
        return np.array(self._open, dtype=np.int64).reshape(-1, len(self._names))

    def _seal(self) -> None:
        rows = self._rows()
        for number, name in enumerate(self._names):
            self._blocks[name].append(_narrowed(rows[:, number]))
        del self._open[:]
        self._sealed += _BLOCK

    def _take(self, name: str, last: _Numbers) -> _Numbers:
        """A column, of which the last rows are in no block."""
        blocks = [*self._blocks.pop(name), *([_narrowed(last)] if len(last) else [])]
        self._blocks[name] = []
        if not blocks:
            return last
        least = min(low for low, _ in blocks)
        most = max(low + int(block.max(initial=0)) for low, block in blocks)
        size = sum(len(block) for _, block in blocks)
        if least == most:
            return np.broadcast_to(np.int64(least), (size,))
        narrowest = np.int64 if name == _CLOCK else np.int16
        column = np.empty(size, dtype=np.result_type(narrowest, _signed(least), _signed(most)))
        end = size
        while blocks:
            low, block = blocks.pop()
            column[end - len(block) : end] = block
            column[end - len(block) : end] += column.dtype.type(low)
            end -= len(block)
        return column


def _fits(value: object) -> bool:
    return isinstance(value, int) and -(2**63) <= value < 2**63


def _signed(value: int) -> np.dtype[Any]:
    """Narrowest signed type that holds a value."""
    return np.min_scalar_type(-abs(value) - 1)


def _narrowed(values: _Numbers) -> tuple[int, NDArray[np.unsignedinteger]]:
    """Least value, and how far each is above it, of no memory where all are alike."""
    least = int(values.min())
    above = int(values.max()) - least
    if not above:
        return least, np.broadcast_to(np.uint8(0), values.shape)
    return least, (values - least).astype(np.min_scalar_type(above))


def reordered(columns: Mapping[str, _Numbers], order: _Numbers) -> dict[str, _Numbers]:
    """Rows of columns in another order, or some of them; a column of one value stays one."""
    return {
        name: np.broadcast_to(column[:1], order.shape) if _is_one_value(column) else column[order]
        for name, column in columns.items()
    }


def widened(column: _Numbers) -> _Numbers:
    """Column whose numbers can be added up: of 32 bits or more."""
    return cast(_Numbers, column.astype(np.int32)) if column.dtype.itemsize < 4 else column


def as_positions(values: NDArray[np.signedinteger]) -> _Numbers:
    """Positions in columns, or -1, in 32 bits where those suffice."""
    return cast(_Numbers, values.astype(np.int32 if len(values) < 2**31 else np.int64))


def _is_one_value(column: _Numbers) -> bool:
    return len(column) > 0 and column.strides == (0,)
