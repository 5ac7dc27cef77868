"""A mutant of a file: of its content where that is understood, else of its bytes."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import math
import random
import shutil
import sqlite3
import sys
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from .values import changed, nasty

__all__ = ["mutate"]


def mutate(source: Path, path: Path, rng: random.Random) -> None:
    """Write a mutant of a file to a path."""
    structured = {
        ".json": _json,
        ".et": _json,
        ".yaml": _yaml,
        ".npz": _archive,
        ".trace": _archive,
        ".csv": _csv,
        ".sqlite": _sqlite,
    }
    change = structured.get(source.suffix)
    if change is not None and rng.random() < 0.75:
        try:
            change(source, path, rng)
            return
        except (ValueError, LookupError, sqlite3.Error, yaml.YAMLError, RecursionError):
            pass
    raw = _bytes(source.read_bytes(), rng)
    if rng.random() < 0.1:
        raw = gzip.compress(raw + rng.choice([b"", b" " * (1 << 20)]), mtime=0)
    path.write_bytes(raw if rng.random() < 0.8 else raw[: rng.randrange(len(raw) + 1)])


def _bytes(raw: bytes, rng: random.Random) -> bytes:
    data = bytearray(raw)
    for _ in range(rng.choice([1, 1, 2, 5, 30])):
        if not data:
            break
        at, way = rng.randrange(len(data)), rng.randrange(6)
        if way == 0:
            data[at] = rng.randrange(256)
        elif way == 1:
            del data[at : at + rng.choice([1, 2, 8, 100])]
        elif way == 2:
            data[at:at] = data[max(0, at - 50) : at]
        elif way == 3:
            data = data[:at]
        elif way == 4:
            data[at:at] = rng.choice(
                [b"\xff\xfe", b"\0", b"[" * 2000, b'"', b"9" * 400, b"1e999", b"\\ud800", b"{", b"NaN"]
            )
        else:
            data[at] ^= 1 << rng.randrange(8)
    return bytes(data)


def _json(source: Path, path: Path, rng: random.Random) -> None:
    tree = changed(json.loads(source.read_text(encoding="utf-8")), rng)
    sys.set_int_max_str_digits(0)
    path.write_text(json.dumps(tree), encoding="utf-8")
    sys.set_int_max_str_digits(4300)


def _yaml(source: Path, path: Path, rng: random.Random) -> None:
    tree = changed(yaml.safe_load(source.read_text(encoding="utf-8")), rng)
    path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8", errors="backslashreplace")


def _archive(source: Path, path: Path, rng: random.Random) -> None:
    with np.load(source, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    name = rng.choice([*["header"] * (2 * len(arrays)), *arrays])
    if name == "header":
        tree = changed(json.loads(arrays[name].tobytes()), rng)
        arrays[name] = np.frombuffer(json.dumps(tree).encode(errors="replace"), dtype=np.uint8)
    else:
        arrays[name] = _array(arrays[name], rng)
    with path.open("wb") as stream:
        np.savez_compressed(stream, **arrays)


def _array(values: Any, rng: random.Random) -> Any:
    way = rng.randrange(7)
    if way == 0:
        return values[: len(values) // 2]
    if way == 1:
        return values.astype(rng.choice([np.float64, np.int8, np.bool_, np.uint64, np.complex64]))
    if way == 2:
        return values.reshape(-1, 1)
    if way == 3:
        return np.array(rng.choice([0, 2**62]))
    if way == 4:
        return np.concatenate([values, values])
    altered = values.astype(np.int64 if values.dtype.kind in "iu" else values.dtype)
    if len(altered):
        wrong = [0, -1, 2**31, 2**62, -(2**63)] if altered.dtype.kind in "iu" else [math.nan, math.inf, -1.0, 1e300]
        altered[rng.randrange(len(altered))] = rng.choice(wrong)
    return altered


def _csv(source: Path, path: Path, rng: random.Random) -> None:
    rows = list(csv.reader(io.StringIO(source.read_text(encoding="utf-8"))))
    sys.set_int_max_str_digits(0)
    for _ in range(rng.choice([1, 1, 3])):
        row = rows[rng.choice([0, *range(len(rows))])]
        if row:
            row[rng.randrange(len(row))] = str(nasty(rng)).encode(errors="backslashreplace").decode()
    sys.set_int_max_str_digits(4300)
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")


def _sqlite(source: Path, path: Path, rng: random.Random) -> None:
    shutil.copy(source, path)
    with contextlib.closing(sqlite3.connect(path)) as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for _ in range(rng.choice([1, 2, 5])):
            _change_table(database, rng.choice(tables), rng)
        database.commit()


def _change_table(database: sqlite3.Connection, table: str, rng: random.Random) -> None:
    columns = [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]
    column = rng.choice(columns)
    value = rng.choice([None, -1, 2**62, -(2**63), 1.5, "x", b"\xff", "", 1e300])
    rows = [row[0] for row in database.execute(f'SELECT rowid FROM "{table}"')]  # noqa: S608
    where = "" if rng.random() < 0.3 or not rows else f"WHERE rowid = {rng.choice(rows)}"
    way = rng.random()
    if way < 0.85:
        database.execute(f'UPDATE "{table}" SET "{column}" = ? {where}', (value,))  # noqa: S608
    elif way < 0.93:
        database.execute(f'ALTER TABLE "{table}" RENAME COLUMN "{column}" TO "other"')
    else:
        database.execute(f'DELETE FROM "{table}" {where}')  # noqa: S608
