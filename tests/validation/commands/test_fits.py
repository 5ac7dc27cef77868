from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_published_rates_become_calibrations(run: Callable[..., Any], tmp_path: Path) -> None:
    table = tmp_path / "ceilings.csv"
    table.write_text(
        "device,what,dtype,value,unit,source\n"
        "Intel Gaudi 3,max matmul; best shape MxNxK 16384x4096x768,bf16,1243,TFLOP/s,somebody\n"
        "AMD RX 99,max matmul,bf16,1,TFLOP/s,somebody\n",
        encoding="utf-8",
    )
    done = run("calibrate", "--ceilings", table, "--folder", tmp_path)
    assert done.status == 0
    assert "1 best rates" in done.out
    assert "unknown device or value: AMD RX 99" in done.out
    assert "gaudi3_ceilings.yaml: 1 parameters from 1 published rates" in done.out
    assert (tmp_path / "gaudi3_ceilings.yaml").is_file()


def test_one_group_is_fitted_again(
    run: Callable[..., Any], synthetic_file: Callable[..., Path], tmp_path: Path
) -> None:
    table = synthetic_file("NVIDIA T4", 0.6)
    first = run("calibrate", table, "--group", "stream", "--folder", tmp_path)
    written = (tmp_path / "turing.yaml").read_bytes(), (tmp_path / "turing.evidence.yaml").read_bytes()
    assert first.status == 0
    assert b"softmax" in written[0]  # of the calibration that ships
    run("calibrate", table, "--group", "stream", "--folder", tmp_path)
    assert ((tmp_path / "turing.yaml").read_bytes(), (tmp_path / "turing.evidence.yaml").read_bytes()) == written


def test_the_joint_fit_sees_no_row_of_a_systolic_engine(
    run: Callable[..., Any], synthetic_file: Callable[..., Path], tmp_path: Path
) -> None:
    tables = [synthetic_file("NVIDIA T4", 0.6), synthetic_file("NVIDIA V100-PCIE-32GB", 0.6)]
    of_another_engine = synthetic_file("Google TPU v6e", 0.9)
    done = run("calibrate", *tables, of_another_engine, "--folder", tmp_path)
    assert done.status == 0
    assert "TPU" not in (tmp_path / "generic.yaml").read_text(encoding="utf-8")
    assert not (tmp_path / "tpu_v6e.yaml").exists()


def test_an_unknown_group_is_refused(run: Callable[..., Any], tmp_path: Path) -> None:
    done = run("calibrate", tmp_path / "none.csv", "--group", "rows", "--folder", tmp_path)
    assert done.status == 2
    assert done.err.count("\n") == 1
    assert "unknown parameter group 'rows'; valid: matmul, matmul8, quantize, " in done.err
