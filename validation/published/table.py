"""Published end-to-end figures in a CSV table: each row as a case, or a reason why it is none."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hw_specs.reading.bounds import InputError, text_lines

from .case import Case, CaseError, load_cases
from .names import NAMES, load_names
from .row import Unmappable, case_of_row

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
        A file is missing, the table is no CSV or lacks a column, or the map of names is not what it must be.
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


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    """Rows of a CSV table, plain or gzip. Raises :class:`CaseError` as :func:`read_published`."""
    try:
        reader = csv.DictReader(text_lines(path))
        missing = _COLUMNS - set(reader.fieldnames or ())
        if missing:
            raise CaseError(f"{path}: not a table of published figures: no column {', '.join(sorted(missing))}")
        for row in reader:
            yield {key: value or "" for key, value in row.items() if isinstance(value, str | None) and key}
    except (InputError, csv.Error) as error:
        raise CaseError(f"{path}: {error}") from error


def select_cases(files: Sequence[Path], grade: str) -> tuple[list[Case], Counter[str]]:
    """Cases of the wanted grades, of tables or of those that ship, and how many are left out, by reason.

    Raises
    ------
    CaseError
        A table cannot be read, or `grade` has another letter than A, B and C.
    """
    if not grade or set(grade) - set("ABC"):
        raise CaseError(f"unknown grade {grade!r}; valid: A, AB, ABC")
    tables = [read_published(path) for path in files]
    cases = [case for table in tables for case in table.cases] if files else list(load_cases())
    wanted = [case for case in cases if case.grade in grade]
    left_out = Counter(row.reason for table in tables for row in table.unmapped)
    if len(wanted) < len(cases):
        left_out[f"grade other than {' or '.join(grade)}"] += len(cases) - len(wanted)
    return wanted, left_out
