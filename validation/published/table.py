"""Published end-to-end figures in a CSV table: each row as a case, or a reason why it is none."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hw_specs.reading.bounds import InputError, text_lines
from hw_specs.terminal.meanings import unknown

from .case import Case, CaseError, load_cases
from .names import NAMES, load_names
from .rows.row import Unmappable, case_of_row

__all__ = ["Published", "Unmapped", "read_published", "read_rows", "select_cases"]

_COLUMNS = frozenset({"id", "model", "device", "precision", "attention_impl", "compile", "metric", "value", "source"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmapped:
    """A row that is no case, and why."""

    id: str
    model: str
    device: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Cases of a table, and the rows that are none."""

    cases: tuple[Case, ...]
    unmapped: tuple[Unmapped, ...] = field(default=())


def read_published(path: Path, names: Path = NAMES) -> Published:
    """Cases of a CSV table, plain or gzip.

    Parameters
    ----------
    path : path
    names : path
        YAML file that says what names in the table mean; the one that ships by default.

    Raises
    ------
    CaseError
        A file is missing, the table is no CSV, or with everything that is wrong in a file: columns that lack or come
        twice, lines of another length; lines of the map of names.
    """
    meaning = load_names(names)
    cases, unmapped = [], []
    for row in read_rows(path):
        try:
            cases.append(case_of_row(row, meaning))
        except Unmappable as error:
            unmapped.append(_unmapped(row, str(error)))
    return Published(cases=tuple(cases), unmapped=tuple(unmapped))


def _unmapped(row: Mapping[str, str], reason: str) -> Unmapped:
    return Unmapped(
        id=row.get("id") or "?", model=row.get("model") or "?", device=row.get("device") or "?", reason=reason
    )


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV table, plain or gzip. Raises :class:`CaseError` as :func:`read_published`."""
    try:
        lines = csv.reader(text_lines(path))
        header = next(lines, [])
        rows = [(lines.line_num, fields) for fields in lines if fields]
    except (InputError, csv.Error) as error:
        raise CaseError(f"{path}: {error}") from error
    complaints = list(_complaints(path, header, rows))
    if complaints:
        raise CaseError(complaints[0], tuple(complaints))
    return [dict(zip(header, fields, strict=False)) for _, fields in rows]


def _complaints(path: Path, header: Sequence[str], rows: Sequence[tuple[int, list[str]]]) -> Iterator[str]:
    """What keeps a table from being one of published figures: columns, and lines of another length."""
    missing = _COLUMNS - set(header)
    if missing:
        yield f"{path}: not a table of published figures: no column {', '.join(sorted(missing))}"
        return
    yield from (f"{path}: column {name!r} comes twice" for name, times in Counter(header).items() if name and times > 1)
    for line, fields in rows:
        if len(fields) != len(header):
            yield (
                f"{path}: line {line}: {len(fields)} fields, and the header has {len(header)}; "
                "text with commas stands in quotes, an empty field between two commas"
            )


def select_cases(files: Sequence[Path], grade: str) -> tuple[list[Case], Counter[str]]:
    """Cases of the wanted grades, of tables or of those that ship, and how many are left out, by reason.

    Raises
    ------
    CaseError
        A table cannot be read, or `grade` has another letter than A, B and C.
    """
    if not grade or set(grade) - set("ABC"):
        raise CaseError(unknown("grade", grade, ("A", "AB", "ABC")))
    tables = [read_published(path) for path in files]
    cases = [case for table in tables for case in table.cases] if files else list(load_cases())
    wanted = [case for case in cases if case.grade in grade]
    left_out = Counter(row.reason for table in tables for row in table.unmapped)
    if len(wanted) < len(cases):
        left_out[f"grade other than {' or '.join(grade)}"] += len(cases) - len(wanted)
    return wanted, left_out
