"""SQLite databases that other tools write: opened to be read, and the names of what is in them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

__all__ = ["open_database", "table_names", "tables_in_file"]

_MAGIC = b"SQLite format 3\x00"


def open_database(path: Path) -> sqlite3.Connection:
    """Connection that can only read; an :class:`sqlite3.Error` where there is no such file."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def table_names(database: sqlite3.Connection, *, views: bool = False) -> set[str]:
    """Names of all tables; those of views only on request, since a view may be made to compute for ever."""
    rows = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' OR (type = 'view' AND ?)", (views,))
    return {str(name) for (name,) in rows}


def tables_in_file(path: Path, *, views: bool = False) -> set[str]:
    """Names as of :func:`table_names`; none where the file is no database or cannot be read."""
    try:
        with path.open("rb") as stream:
            if stream.read(len(_MAGIC)) != _MAGIC:
                return set()
        with closing(open_database(path)) as database:
            return table_names(database, views=views)
    except (OSError, sqlite3.Error):
        return set()
