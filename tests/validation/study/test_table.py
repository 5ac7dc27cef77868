from __future__ import annotations

import pytest

from validation.study.table import Table, TableError

TABLE = Table.of("t", "Title", {"name": "", "time": "s"}, [("a", 1.5), ("b", None), ("a", 2.0)])


def test_csv_has_units_in_its_headings_and_empty_cells_for_nothing() -> None:
    assert TABLE.to_csv() == "name,time [s]\na,1.5\nb,\na,2\n"


def test_rows_are_found_by_their_cells() -> None:
    assert TABLE.numbers("time", name="a") == [1.5, 2.0]
    assert TABLE.total("time", name="a") == 3.5
    assert TABLE.distinct("name") == ["a", "b"]
    assert TABLE.columns == ("name", "time")


def test_one_number_must_be_one() -> None:
    with pytest.raises(TableError, match="2 rows"):
        TABLE.number("time", name="a")
    with pytest.raises(TableError, match="0 rows"):
        TABLE.number("time", name="b")


def test_short_rows_are_refused() -> None:
    with pytest.raises(TableError, match="1 cells for 2 columns"):
        Table.of("t", "Title", {"name": "", "time": "s"}, [("a",)])


def test_foreign_columns_are_refused() -> None:
    with pytest.raises(TableError, match="speed"):
        Table(name="t", title="", units={"time": "s"}, rows=({"time": 1.0, "speed": 2.0},))
