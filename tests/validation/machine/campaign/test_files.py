"""Tables that grow by blocks."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from validation.machine.campaign.files import GrowingTable

_ROWS = [{"op": "aten::mm", "shapes": "[[1, 2], [2, 3]]"}, {"op": "aten::add", "shapes": "[[4]]"}]


def _table(path: Path) -> GrowingTable:
    return GrowingTable(path, ("op", "shapes"))


def test_rows_are_on_disk_after_each_block(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    table = _table(path)
    for row in _ROWS:
        table.add([row])
    table.add([])
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        assert list(csv.DictReader(stream)) == _ROWS
    assert _table(path).rows == _ROWS


def test_a_new_table_has_its_header(tmp_path: Path) -> None:
    _table(tmp_path / "t.csv.gz")
    assert gzip.decompress((tmp_path / "t.csv.gz").read_bytes()) == b"op,shapes\n"


@pytest.mark.parametrize("cut", [1, 5, 12])
def test_a_block_that_was_cut_off_is_dropped_and_the_file_goes_on(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "t.csv.gz"
    table = _table(path)
    table.add(_ROWS[:1])
    table.add(_ROWS[1:])
    path.write_bytes(path.read_bytes()[:-cut])
    again = _table(path)
    assert again.rows[:1] == _ROWS[:1]
    again.add([{"op": "aten::bmm", "shapes": "[[9]]"}])
    assert _table(path).rows[-1]["op"] == "aten::bmm"
    assert {row["op"] for row in _table(path).rows} <= {"aten::mm", "aten::add", "aten::bmm"}


def test_a_file_that_is_no_table_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(b"not gzip")
    assert _table(path).rows == []
    _table(path).add(_ROWS)
    assert _table(path).rows == _ROWS


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        _table(tmp_path / name).add(_ROWS)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
