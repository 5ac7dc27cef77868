"""Files of measurements."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.measured.records import MeasurementError, columns_of, latency_of, read_records, whole_number
from validation.measured.tables import read_tables

_HEADER = "device,op,input_shapes,dtype,attributes,latency_s,kernel,source\n"


@pytest.mark.parametrize("text", ["", "soon", "-1", "0", "nan", "inf"])
def test_a_time_is_a_positive_number(text: str) -> None:
    with pytest.raises(ValueError, match="latency of aten::relu is not a positive number"):
        latency_of({"op": "aten::relu", "latency_s": text})


def test_counts() -> None:
    assert (whole_number("3"), whole_number("2.0")) == (3, 2)
    for text in ("", "0", "-1", "1.5", "nan", "inf", "1e20", "many"):
        with pytest.raises(ValueError, match="no positive whole number"):
            whole_number(text)


def test_short_rows_have_empty_fields(tmp_path: Path) -> None:
    path = tmp_path / "short.csv"
    path.write_text(_HEADER + "NVIDIA T4,aten::add\n")
    assert read_records(path)[0]["latency_s"] == ""
    (table,) = read_tables(path)
    assert len(table) == 0
    assert table.skipped.total() == 1


@given(content=st.binary(max_size=200))
@pytest.mark.parametrize("name", ["kernels.csv", "kernels.csv.gz"])
def test_any_file_is_a_table_or_one_line(tmp_path_factory: pytest.TempPathFactory, name: str, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(content)
    with pytest.raises(MeasurementError) as caught:
        read_tables(path)
    assert "\n" not in str(caught.value)


def test_texts_that_rows_repeat_are_held_once(tmp_path):
    path = tmp_path / "m.csv"
    line = "a100,aten::mm,[[2 3]],float16,{},1e-6\n"
    path.write_text("device,op,input_shapes,dtype,attributes,latency_s\n" + line + line, encoding="utf-8")
    first, second = read_records(path)
    assert first == second
    assert all(first[name] is second[name] for name in first)
    assert columns_of(path) == tuple(first)
