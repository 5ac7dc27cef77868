"""Databases of other tools: read, never written to, and what is none of them is no error."""

from __future__ import annotations

import contextlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracer.storage import sqlite_file
from tracer.storage.sqlite_file import computed_names, open_database, table_names, tables_in_file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with a table and a view of it."""
    file = tmp_path / "a b.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.executescript("CREATE TABLE kernels (start); CREATE VIEW all_kernels AS SELECT * FROM kernels;")
    return file


def test_tables_and_no_views(path: Path) -> None:
    with closing(open_database(path)) as database:
        assert table_names(database) == {"kernels"}
        assert computed_names(database) == {"all_kernels"}
    assert tables_in_file(path) == {"kernels"}


@pytest.mark.parametrize(
    ("schema", "query"),
    [
        ("CREATE VIEW k AS SELECT 1 AS start", "SELECT start FROM k"),
        (
            "CREATE VIEW k AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS start FROM n",
            "SELECT start FROM k",
        ),
        ("CREATE VIEW k AS SELECT zeroblob(1000000000) AS start", "SELECT start FROM k"),
        ("CREATE TABLE k (start)", "SELECT hex(start) FROM k"),
        ("CREATE TABLE k (start)", "ATTACH 'other' AS other"),
        ("CREATE TABLE k (start)", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT * FROM n"),
    ],
)
def test_nothing_is_computed(schema: str, query: str, tmp_path: Path) -> None:
    file = tmp_path / "f.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.executescript(schema)
        database.executescript("CREATE TABLE other (start)")
    with closing(open_database(file)) as database, pytest.raises(sqlite3.DatabaseError, match=r"prohibited|authorized"):
        list(database.execute(query))


def test_generated_columns_ask_for_no_memory(tmp_path: Path) -> None:
    file = tmp_path / "f.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.executescript("CREATE TABLE k (a, start AS (zeroblob(100000000))); INSERT INTO k VALUES (1)")
    with closing(open_database(file)) as database:
        assert [row[1] for row in database.execute("PRAGMA table_info(k)")] == ["a"]
        with pytest.raises(sqlite3.DatabaseError, match="too big"):
            list(database.execute("SELECT start FROM k"))


def test_steps_are_bounded_by_the_size_of_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "_STEPS", 100_000)
    monkeypatch.setattr(sqlite_file, "_STEPS_PER_BYTE", 0)
    with closing(sqlite3.connect(path)) as database:
        database.executemany("INSERT INTO kernels VALUES (?)", [(n,) for n in range(1000)])
        database.commit()
    with closing(open_database(path)) as database:
        assert len(list(database.execute("SELECT start FROM kernels"))) == 1000
        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            list(database.execute("SELECT a.start FROM kernels a, kernels b"))


def test_text_that_is_no_utf_8_is_read(tmp_path: Path) -> None:
    file = tmp_path / "f.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE k AS SELECT CAST(x'61ff' AS TEXT) AS name")
        database.commit()
    with closing(open_database(file)) as database:
        assert list(database.execute("SELECT name FROM k")) == [("a\ufffd",)]


def test_nothing_is_written(path: Path) -> None:
    with closing(open_database(path)) as database, pytest.raises(sqlite3.DatabaseError, match=r"readonly|authorized"):
        database.execute("INSERT INTO kernels VALUES (1)")


def test_what_is_no_database_has_no_tables(tmp_path: Path) -> None:
    text, damaged = tmp_path / "trace.json", tmp_path / "cut.sqlite"
    text.write_text("{}")
    damaged.write_bytes(b"SQLite format 3\x00" + b"\xff" * 100)
    assert [tables_in_file(file) for file in (text, damaged, tmp_path / "none")] == [set(), set(), set()]
    with pytest.raises(sqlite3.OperationalError):
        open_database(tmp_path / "none").execute("SELECT 1")


@settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 1 << 13), st.integers(0, 255)), max_size=40), kept=st.integers(0, 1))
def test_any_damage_is_tables_or_an_error_of_the_database(
    path: Path, changes: list[tuple[int, int]], kept: int
) -> None:
    content = bytearray(path.read_bytes())
    for at, value in changes:
        content[(at + 16) % len(content)] = value  # what it begins with stays that of a database
    damaged = path.with_name("damaged.sqlite")
    damaged.write_bytes(content if kept else content[: len(content) // 2])
    tables_in_file(damaged)  # never raises
    with contextlib.suppress(sqlite3.Error), closing(open_database(damaged)) as database:
        table_names(database)
        database.execute("SELECT * FROM kernels").fetchall()
