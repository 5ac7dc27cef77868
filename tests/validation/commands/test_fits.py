from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_published_rates_become_calibrations(run: Callable[..., Any], tmp_path: Path) -> None:
    table = tmp_path / "ceilings.csv"
    table.write_text(
        "device,what,dtype,value,unit,source\n"
        "AMD MI355X,max matmul; best shape MxNxK 12288x8192x8192,bf16,1565,TFLOP/s,somebody\n"
        "AMD RX 99,max matmul,bf16,1,TFLOP/s,somebody\n",
        encoding="utf-8",
    )
    done = run("calibrate", "--ceilings", table, "--folder", tmp_path)
    assert done.status == 0
    assert "1 best rates" in done.out
    assert "unknown device or value: AMD RX 99" in done.out
    assert "cdna4.yaml: 6 parameters from 1 published rates" in done.out
    assert (tmp_path / "cdna4.yaml").is_file()
