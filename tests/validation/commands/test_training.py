from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_a_table_of_unknown_models_is_one_line(run: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("case,device,measured_ms\nother-inf-8-1,T4,1\n")
    done = run("training", path)
    assert done.status == 2
    assert "no run could be predicted: no configuration of other is known" in done.err
