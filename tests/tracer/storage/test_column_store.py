"""Columns that grow row by row."""

from __future__ import annotations

import numpy as np
import pytest

from tracer.storage.column_store import ColumnStore, reordered, widened
from tracer.trace import TraceFormatError


@pytest.mark.parametrize("size", [0, 5, 65_536, 65_540, 140_000])
def test_values_come_back_as_they_were(size: int) -> None:
    random = np.random.default_rng(size)
    rows = np.stack(
        [
            random.integers(-1, 100, size),
            random.integers(0, 2**61, size),
            np.full(size, 7),
            random.integers(-(2**40), 2**40, size),
        ]
    )
    store = ColumnStore("name start one wide")
    for row in rows.T.tolist():
        store.append(*row)
    assert len(store) == size
    assert store.column("wide").tolist() == rows[3].tolist()
    taken = store.take()
    assert [column.tolist() for column in taken.values()] == rows.tolist()
    assert len(store) == 0


def test_columns_are_as_narrow_as_their_values_but_for_clocks() -> None:
    store = ColumnStore("name start one")
    for row in range(70_000):
        store.append(row % 100, row, 1)
    taken = store.take()
    assert (taken["name"].dtype, taken["start"].dtype) == (np.int16, np.int64)
    assert taken["one"].strides == (0,)
    order = np.array([3, 2])
    few = reordered(taken, order)
    assert few["name"].tolist() == [3, 2]
    assert (few["one"].tolist(), few["one"].strides) == ([1, 1], (0,))
    assert widened(few["name"]).dtype == np.int32
    assert widened(few["start"]).dtype == np.int64


def test_a_column_may_be_replaced() -> None:
    store = ColumnStore("a b")
    for row in range(65_600):
        store.append(row, 1)
    store.replace("a", store.column("a") * 2)
    store.append(9, 9)
    assert store.column("a").tolist() == [*range(0, 131_200, 2), 9]
    assert store.take()["b"].tolist() == [1] * 65_600 + [9]


def test_rows_have_all_columns() -> None:
    with pytest.raises(ValueError, match="1 values in a row of 2"):
        ColumnStore("a b").append(1)


@pytest.mark.parametrize("value", [2**64, "7", 1.5])
def test_what_is_no_whole_number_of_64_bits_is_refused(value: object) -> None:
    with pytest.raises(TraceFormatError, match="at most 64 bits"):
        ColumnStore("a b").append(1, value)  # type: ignore[arg-type]  # as a file may have it
