from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

SAMPLE = Path(__file__).with_name("sample.csv")


@pytest.fixture(scope="session")
def table() -> Callable[..., Path]:
    """Writes a table of some rows, under the header of the sample, into a folder."""
    header, _ = SAMPLE.read_text(encoding="utf-8").splitlines(keepends=True)

    def write(folder: Path, *rows: str) -> Path:
        path = folder / "table.csv"
        path.write_text(header + "".join(rows), encoding="utf-8")
        return path

    return write
