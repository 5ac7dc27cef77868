"""Tables of operator calls."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracer.formats import tracelens_csv
from tracer.graph import TensorSpec
from tracer.trace import TraceFormatError

_NAMES = "device op input_shapes input_dtypes input_strides concrete_inputs count latency_s total_s kernel"
_HEADER = _NAMES.split()
_ROW = {
    "device": "NVIDIA H100 SXM",
    "op": "aten::cat",
    "input_shapes": json.dumps([[[1, 1, 8], [1, 7, 8]], []]),
    "input_dtypes": json.dumps(["TensorList", "Scalar"]),
    "input_strides": json.dumps([[[8, 8, 1], [56, 8, 1]], []]),
    "concrete_inputs": json.dumps(["", "1"]),
    "count": "12",
    "latency_s": "4.0e-06",
    "total_s": "4.9e-05",
    "kernel": "CatArrayBatchedCopy",
}
_ADD = {
    **_ROW,
    "op": "aten::add",
    "input_shapes": "[[8], [8]]",
    "input_dtypes": '["c10::BFloat16", "c10::BFloat16"]',
    "input_strides": "[[1], [1]]",
    "concrete_inputs": '["", ""]',
    "count": "1",
    "total_s": "1e-6",
}


def _write(path: Path, *rows: dict[str, str]) -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else _HEADER)
    writer.writeheader()
    writer.writerows(rows)
    data = text.getvalue().encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize("name", ["a_8gpu_ulysses.csv.gz", "a.csv"])
def test_a_row_stands_for_all_its_calls(tmp_path: Path, name: str) -> None:
    path = _write(tmp_path / name, _ROW, _ADD)
    assert tracelens_csv.recognises(path)
    trace = tracelens_csv.read(path)
    assert trace.device_time == pytest.approx(5.0e-5)
    assert trace.calls.repeats.tolist() == [12, 1]
    assert not trace.has_timeline
    assert trace.facts.device == "NVIDIA H100 SXM"
    assert trace.facts.num_devices == (8 if "8gpu" in name else 1)
    # Lists of tensors do not say their dtype; that of the other rows is taken.
    assert trace.operators[0].outputs == (TensorSpec((1, 8, 8), "bfloat16"),)


def test_the_tables_of_tracelens_itself(tmp_path: Path) -> None:
    """Tuples in Python's notation, times in microseconds."""
    row = {
        "name": "aten::addmm",
        "Input Dims": "((512,), (141, 512), (512, 512), (), ())",
        "Input type": "('c10::BFloat16', 'c10::BFloat16', 'c10::BFloat16', 'Scalar', 'Scalar')",
        "Input Strides": "((1,), (512, 1), (1, 512), (), ())",
        "Concrete Inputs": "('', '', '', '1', '1')",
        "operation_count": "17",
        "total_direct_kernel_time_sum": "85.5",
        "trunc_kernel_details": "[{'name': 'Cijk_A', 'stream': 0}, {'name': 'Memset', 'stream': 0}]",
    }
    path = _write(tmp_path / "ops_unique_args.csv", row)
    assert tracelens_csv.recognises(path)
    trace = tracelens_csv.read(path)
    assert trace.device_time == pytest.approx(85.5e-6)
    assert trace.kernel_names == ("Cijk_A + Memset",)
    assert trace.operators[0].outputs == (TensorSpec((141, 512), "bfloat16"),)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"count": ""}, "row without a count or a time"),
        ({"count": "0"}, "row without a count or a time"),
        ({"total_s": "nan"}, "row without a count or a time"),
        ({"total_s": "inf"}, "row without a count or a time"),
        ({"total_s": "-1e-6"}, "row of negative time"),
    ],
)
def test_rows_that_cannot_be_used_are_counted(tmp_path: Path, change: dict[str, str], reason: str) -> None:
    trace = tracelens_csv.read(_write(tmp_path / "a.csv", {**_ROW, **change}, _ADD))
    assert trace.skipped == {reason: 1}
    assert trace.device_time == pytest.approx(1e-6)


def test_what_is_wrong_is_said_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(TraceFormatError, match=r"line 3, shapes: '\[\[1, ' is not a list"):
        tracelens_csv.read(_write(tmp_path / "a.csv", _ROW, {**_ADD, "input_shapes": "[[1, "}))
    with pytest.raises(TraceFormatError, match="no column 'total_s' or"):
        tracelens_csv.read(_write(tmp_path / "b.csv", {k: v for k, v in _ROW.items() if k != "total_s"}))
    with pytest.raises(TraceFormatError, match="no row with a count"):
        tracelens_csv.read(_write(tmp_path / "c.csv"))


def test_a_compressed_table_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv.gz", *([_ROW, _ADD] * 50))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TraceFormatError, match="cut off or damaged"):
        tracelens_csv.read(path)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(field=st.sampled_from(_HEADER), text=st.text(max_size=20))
def test_any_text_in_a_field_is_read_or_refused(tmp_path: Path, field: str, text: str) -> None:
    path = _write(tmp_path / "a.csv", {**_ROW, field: text}, _ADD)
    try:
        total = tracelens_csv.read(path).device_time
    except TraceFormatError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017
    else:
        assert total >= 0


@pytest.mark.measured
@pytest.mark.parametrize(
    ("name", "total"),
    [
        ("flux1_dev_mi300x_8gpu_ulysses_compiled", 0.3367583018),
        ("timesformer_h100_eager", 0.1584337648),
        ("qwen1.5_0.5b_h100_eager", 0.0319055231),
        ("vit_h100_eager", 0.0012253118),
    ],
)
def test_tables_of_real_runs(name: str, total: float) -> None:
    path = Path(__file__).parents[4] / "shared/measured/traces" / f"{name}.csv.gz"
    if not path.is_file():
        pytest.skip("the measurements in ../shared/measured are absent")
    trace = tracelens_csv.read(path)
    assert trace.device_time == pytest.approx(total)
    assert trace.skipped == {}
