from __future__ import annotations

import csv
from pathlib import Path

import pytest

from hw_specs import CalibrationPool, load_accelerator
from validation.errors.prediction import predicted
from validation.measured.tables import read_tables
from validation.ratios.kernels import kernel_ratios, ratios_of_calls

SHIPPED = CalibrationPool.shipped()
COLUMNS = ("device", "op", "input_shapes", "dtype", "attributes", "latency_s", "kernel", "source")
LINEAR = ("aten::linear", "[[4096, 4096], [4096, 4096]]", "float16", "{}")


def table(folder: Path, name: str, *rows: tuple[str, ...]) -> Path:
    path = folder / f"{name}.csv"
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([COLUMNS, *rows])
    return path


def test_pairs_of_a_call_by_hand() -> None:
    call = ("x", "aten::linear", "[[8,8],[8,8]]", "float16", "{}")
    old_new, old_newest, new_newest = ratios_of_calls(
        {call: {"old": (6.0, 4.0), "new": (3.0, 4.0), "more": (2.0, 1.0)}}
    )
    assert (old_new.slower, old_new.measured, old_new.predicted) == ("old", 2.0, 1.0)
    assert (old_newest.measured, old_newest.predicted) == (3.0, 4.0)
    assert (new_newest.measured, new_newest.predicted) == (1.5, 4.0)
    assert old_new.subject == "linear [[8,8],[8,8]] float16"
    assert {ratio.change for ratio in (old_new, old_newest, new_newest)} == {"kernels"}


def test_rows_of_one_call_and_source_on_two_accelerators_are_a_pair(tmp_path: Path) -> None:
    a100 = table(
        tmp_path,
        "a",
        ("NVIDIA A100-SXM4-80GB", *LINEAR, "6e-4", "", "x"),
        ("NVIDIA A100-SXM4-80GB", *LINEAR, "8e-4", "", "x"),
        ("NVIDIA A100-SXM4-80GB", LINEAR[0], "[[8, 8], [8, 8]]", *LINEAR[2:], "6e-6", "", "x"),
    )
    h100 = table(
        tmp_path,
        "h",
        ("NVIDIA H100 SXM", *LINEAR, "2e-4", "", "x"),
        ("NVIDIA H100 SXM", *LINEAR, "1e-4", "", "y"),
        ("NVIDIA H100 SXM", "aten::nothing", *LINEAR[1:], "1e-4", "", "x"),
    )
    found = kernel_ratios([a100, h100], SHIPPED)
    (ratio,) = found.ratios
    assert ratio.measured == pytest.approx(7e-4 / 2e-4)
    assert (ratio.slower, ratio.faster) == tuple(load_accelerator(d).name for d in ("A100-SXM4-80GB", "H100 SXM"))
    ((slow,), (fast,)) = (predicted(read_tables(path)[0], SHIPPED).time[:1] for path in (a100, h100))
    assert ratio.predicted == pytest.approx(slow / fast)
    assert found.left_out["no other accelerator has the same call of the same source"] == 2
    assert found.left_out.total() == 3


def test_attributes_tell_calls_apart(tmp_path: Path) -> None:
    shape = ("aten::softmax", "[[4096, 4096]]", "float32")
    path = table(
        tmp_path,
        "s",
        ("NVIDIA T4", *shape, '{"dim": 1}', "1e-3", "", "x"),
        ("NVIDIA A100-SXM4-80GB", *shape, '{"dim": 0}', "1e-3", "", "x"),
    )
    assert not kernel_ratios([path], SHIPPED).ratios
