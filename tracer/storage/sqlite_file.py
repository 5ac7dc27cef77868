"""SQLite databases that other tools write: opened to be read, plain tables alone, within bounds.

A database holds code too: views, triggers, generated columns and virtual tables run when they are read, and may compute
for ever or ask for any memory. None of it is needed, so the authorizer refuses it; a bound on the steps of the virtual
machine, by the size of the file, ends what goes in circles through damaged pages.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from hw_specs.reading.bounds import InputError, open_bounded

__all__ = ["computed_names", "open_database", "table_names", "tables_in_file"]

_MAGIC = b"SQLite format 3\x00"
#: Longest text or blob [B], most columns of a table, and longest statement of a schema [B].
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 1 << 24,
    sqlite3.SQLITE_LIMIT_COLUMN: 1_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 1 << 16,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 50,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
}
#: Steps of the virtual machine that any file may take, and those for each byte of it: a row of a few bytes takes tens.
_STEPS, _STEPS_PER_BYTE = 10_000_000, 100
_BETWEEN = 100_000
_PRAGMAS = ("table_info", "trusted_schema", "cell_size_check", "query_only")


def open_database(path: Path) -> sqlite3.Connection:
    """Connection that can only read plain tables; an :class:`sqlite3.Error` where there is no such file."""
    database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    for limit, value in _LIMITS.items():
        database.setlimit(limit, value)
    database.text_factory = lambda raw: raw.decode("utf-8", errors="replace")
    database.executescript("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA query_only = ON")
    database.set_authorizer(_allowed)
    database.set_progress_handler(_bounded(path.stat().st_size), _BETWEEN)
    return database


def table_names(database: sqlite3.Connection) -> set[str]:
    """Names of all plain tables."""
    rows = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
    return {str(name) for name, sql in rows if str(sql).lstrip().upper().startswith("CREATE TABLE")}


def computed_names(database: sqlite3.Connection) -> set[str]:
    """Names of what is no plain table and yet read like one: views and virtual tables."""
    rows = database.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
    return {str(name) for (name,) in rows} - table_names(database)


def tables_in_file(path: Path) -> set[str]:
    """Names as of :func:`table_names`; none where the file is no database or cannot be read."""
    try:
        with open_bounded(path, pipes=False) as stream:
            if stream.read(len(_MAGIC)) != _MAGIC:
                return set()
        with closing(open_database(path)) as database:
            return table_names(database)
    except (InputError, OSError, sqlite3.Error):
        return set()


def _allowed(action: int, first: str | None, second: str | None, schema: str | None, through: str | None) -> int:
    """Whether a step of a statement may be: reading of tables themselves, not `through` a view or a trigger."""
    del second, schema
    reads = action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ)
    asks = action == sqlite3.SQLITE_PRAGMA and str(first).lower() in _PRAGMAS
    return sqlite3.SQLITE_OK if (reads or asks) and through is None else sqlite3.SQLITE_DENY


def _bounded(size: int) -> Callable[[], int]:
    """Handler that ends whatever takes more steps than a file of a size [B] can need."""
    left = [(_STEPS + _STEPS_PER_BYTE * size) // _BETWEEN]

    def handler() -> int:
        left[0] -= 1
        return int(left[0] < 0)

    return handler
