"""Published memory figures as cases: a run, and what its source counted of the device's memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from validation.published.case import Case
from validation.published.names import NAMES, MemoryLine, Names, Unmappable, first_that_fits, load_names
from validation.published.rows.columns import positive_figure
from validation.published.rows.row import case_of_row
from validation.published.table import read_rows

__all__ = ["MemoryCase", "memory_case_of_row", "read_memory"]

_COLUMN = "memory_gb"
_WORDS = ("source", "model", "compile", "notes")


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryCase:
    """One published figure of memory.

    Attributes
    ----------
    case : Case
        The run.
    measured : float
        [B]
    counted : MemoryLine
        What the source counts.
    denoiser : str
        Component that makes a step.
    component : str
        The one that alone was loaded; empty where the whole pipeline was.
    """

    case: Case
    measured: float
    counted: MemoryLine
    denoiser: str
    component: str = ""


def read_memory(
    files: Sequence[Path], grade: str = "ABC", names: Path = NAMES
) -> tuple[list[MemoryCase], Counter[str]]:
    """Cases of the rows that state memory, each run once, and how many of those rows are none, by reason.

    Raises
    ------
    CaseError
        As :func:`~validation.published.table.read_published`.
    """
    meaning = load_names(names)
    cases: dict[tuple[object, ...], MemoryCase] = {}
    left_out: Counter[str] = Counter()
    for row in (row for path in files for row in read_rows(path) if row.get(_COLUMN)):
        try:
            found = memory_case_of_row(row, meaning)
        except Unmappable as error:
            left_out[str(error)] += 1
            continue
        if found.case.grade not in grade:
            left_out[f"grade other than {' or '.join(grade)}"] += 1
        elif cases.setdefault(_run(found), found) is not found:
            left_out["the same run of the same source again"] += 1
    return list(cases.values()), left_out


def memory_case_of_row(row: Mapping[str, str], names: Names) -> MemoryCase:
    """Case of one row. Raises :class:`~validation.published.names.Unmappable` with the reason if it is none."""
    case = case_of_row(row, names)
    counted = first_that_fits(names.memory, "\n".join(row.get(column, "") for column in _WORDS))
    if counted is None:
        raise Unmappable("what of the memory the source counts is not known")
    if counted.refuse:
        raise Unmappable(counted.refuse)
    if case.sliced_decoder:
        raise Unmappable("images are decoded one by one: memory of that is not modelled")
    alone = counted.of == "component" and case.quantity != "latency"
    return MemoryCase(
        case=case,
        measured=positive_figure(row, _COLUMN) * counted.unit,
        counted=counted,
        denoiser=names.workload(case.model).denoiser,
        component=(case.stage or "") if alone else "",
    )


def _run(found: MemoryCase) -> tuple[object, ...]:
    case = found.case
    texts = (str(sorted(each.items())) for each in (case.settings, case.execution))
    return (case.source, case.model, case.device, *texts, case.options, found.component, found.measured)
