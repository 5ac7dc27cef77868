from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from validation.published.table import read_published

_, ROW = Path(__file__).parent.with_name("sample.csv").read_text(encoding="utf-8").splitlines(keepends=True)


def test_fields_that_are_no_counts_are_named(table: Callable[..., Path], tmp_path: Path) -> None:
    rows = [ROW.replace(",50,yes", ",fast,yes"), ROW.replace("eager,4,", "eager,2.5,"), ROW.replace("3.9", "inf")]
    found = read_published(table(tmp_path, *rows))
    assert [row.reason for row in found.unmapped] == [
        "steps is not a number",
        "batch is not a positive whole number below 100000",
        "value is not positive and finite",
    ]
