from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def write_rows() -> Callable[..., Path]:
    """Writes a table of rows into a folder."""

    def write(folder: Path, *rows: dict[str, str]) -> Path:
        path = folder / "table.csv"
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        return path

    return write
