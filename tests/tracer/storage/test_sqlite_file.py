"""Databases of other tools: read, never written to, and what is none of them is no error."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tracer.storage.sqlite_file import open_database, table_names, tables_in_file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with a table and a view of it."""
    file = tmp_path / "a b.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.executescript("CREATE TABLE kernels (start); CREATE VIEW all_kernels AS SELECT * FROM kernels;")
    return file


def test_tables_and_on_request_views(path: Path) -> None:
    with closing(open_database(path)) as database:
        assert table_names(database) == {"kernels"}
        assert table_names(database, views=True) == {"kernels", "all_kernels"}
    assert tables_in_file(path) == {"kernels"}
    assert tables_in_file(path, views=True) == {"kernels", "all_kernels"}


def test_nothing_is_written(path: Path) -> None:
    with closing(open_database(path)) as database, pytest.raises(sqlite3.OperationalError, match="readonly"):
        database.execute("INSERT INTO kernels VALUES (1)")


def test_what_is_no_database_has_no_tables(tmp_path: Path) -> None:
    text, damaged = tmp_path / "trace.json", tmp_path / "cut.sqlite"
    text.write_text("{}")
    damaged.write_bytes(b"SQLite format 3\x00" + b"\xff" * 100)
    assert [tables_in_file(file) for file in (text, damaged, tmp_path / "none")] == [set(), set(), set()]
    with pytest.raises(sqlite3.OperationalError):
        open_database(tmp_path / "none").execute("SELECT 1")
