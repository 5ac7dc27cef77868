from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from validation.published.case import CaseError
from validation.published.table import _COLUMNS, read_published, read_rows, select_cases

_, ROW = Path(__file__).with_name("sample.csv").read_text(encoding="utf-8").splitlines(keepends=True)


def test_a_byte_order_mark_is_no_part_of_a_name(table: Callable[..., Path], tmp_path: Path) -> None:
    path = table(tmp_path, ROW)
    path.write_text("\ufeff" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert len(read_published(path).cases) == 1


def test_a_compressed_table_reads_the_same(table: Callable[..., Path], tmp_path: Path) -> None:
    plain = table(tmp_path, ROW)
    packed = tmp_path / "table.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_published(packed) == read_published(plain)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00", b"\x1f\x8b\x08 no gzip"])
def test_a_file_that_is_no_such_table_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / ("t.csv.gz" if content.startswith(b"\x1f") else "t.csv")
    path.write_bytes(content)
    with pytest.raises(CaseError) as caught:
        read_published(path)
    assert "\n" not in str(caught.value)


def test_every_row_of_the_public_table_is_a_case_or_counted(measured: Path) -> None:
    path = measured / "published_e2e.csv.gz"
    published = read_published(path)
    with gzip.open(path, "rt") as stream:
        assert len(published.cases) + len(published.unmapped) == sum(1 for _ in stream) - 1


def test_cases_of_other_grades_and_rows_that_are_none_are_counted(table: Callable[..., Path], tmp_path: Path) -> None:
    path = table(tmp_path, ROW, ROW.replace("q=A", "q=B"), ROW.replace("eager", "openvino"))
    wanted, left_out = select_cases([path], "A")
    assert [case.grade for case in wanted] == ["A"]
    assert left_out == {"engine is not modelled": 1, "grade other than A": 1}
    assert len(select_cases([path], "AB")[0]) == 2
    assert len(select_cases((), "A")[0]) == 123
    with pytest.raises(CaseError, match="unknown grade 'Q'; valid: A, AB, ABC"):
        select_cases([path], "Q")


def test_every_line_of_another_length_is_named(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(f"id,id,{','.join(sorted(_COLUMNS - {'id'}))}\n1,2,3\n\n1,2,3,4\n", encoding="utf-8")
    with pytest.raises(CaseError) as caught:
        read_rows(path)
    twice, short, shorter = caught.value.complaints
    assert twice == f"{path}: column 'id' comes twice"
    assert f"line 2: 3 fields, and the header has {len(_COLUMNS) + 1}; " in short
    assert "line 4: 4 fields" in shorter
