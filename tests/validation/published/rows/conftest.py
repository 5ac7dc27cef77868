"""Rows of a table of published figures, and the cases that they become."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from validation.published.case import Case
from validation.published.table import read_published

_COLUMNS = Path(__file__).parent.with_name("sample.csv").read_text(encoding="utf-8").splitlines()[0].split(",")


@pytest.fixture(scope="session")
def only_case(table: Callable[..., Path]) -> Callable[[Path, str], Case]:
    """The one case of a table of one row."""

    def case(folder: Path, row: str) -> Case:
        (only,) = read_published(table(folder, row)).cases
        return only

    return case


@pytest.fixture(scope="session")
def row_of() -> Callable[..., dict[str, str]]:
    """Row of a model, with other columns than those of a plain run as they are given."""
    stated = {"component": "e2e", "device": "NVIDIA A100-SXM4-80GB", "precision": "bf16", "compile": "eager"}
    run = {"batch": "1", "height": "1024", "width": "1024", "steps": "20", "guidance": "yes"}
    figure = {"id": "x", "metric": "seconds", "value": "10", "source": "somewhere"}

    def row(model: str, **columns: str) -> dict[str, str]:
        return dict.fromkeys(_COLUMNS, "") | stated | run | figure | {"model": model} | columns

    return row
