"""A study made again, and its result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.cost.model import Fidelity
from validation.study.presentation.files import require_folder, write_study
from validation.study.presentation.page import page

from .findings import Claim, broken, judged
from .judges import find_judges
from .laboratory import Laboratory, Progress
from .section import Section, tables_by_name
from .sections import make_sections
from .study import Study
from .table import Row, Table

__all__ = ["StudyResult", "run_study"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StudyResult:
    """Everything that a study found.

    Attributes
    ----------
    study : Study
    sections : tuple of Section
    judged : tuple of Claim
        In the order of the study's statements.
    accelerator : str
    """

    study: Study
    sections: tuple[Section, ...]
    judged: tuple[Claim, ...]
    accelerator: str

    @property
    def claims(self) -> list[dict[str, str]]:
        """Claims as records."""
        return [claim.to_dict() for claim in self.judged]

    @property
    def claims_table(self) -> Table:
        """Claims as a table."""
        columns = dict.fromkeys(Claim.__dataclass_fields__, "")
        return Table(name="claims", title="Statements and findings", units=columns, rows=tuple(self.claims))

    @property
    def tables(self) -> dict[str, list[Row]]:
        """Rows of each table, in SI units."""
        return {name: list(table.rows) for name, table in tables_by_name(self.sections).items()}

    @property
    def broken(self) -> tuple[Claim, ...]:
        """Claims that are on record as reproduced and no longer are."""
        return broken(self.judged)

    @property
    def exit_status(self) -> int:
        """0, or 1 if a claim that is on record as reproduced no longer holds."""
        return 1 if self.broken else 0

    def to_dict(self) -> dict[str, Any]:
        """Plain form for JSON: claims, tables and exit status."""
        return {
            "accelerator": self.accelerator,
            "claims": self.claims,
            "tables": {name: [dict(row) for row in rows] for name, rows in self.tables.items()},
            "exit_status": self.exit_status,
        }

    def write(self, folder: Path) -> list[Path]:
        """Write every table, figure and the page into a folder, which is made if it is missing.

        Raises
        ------
        OutputError
            The folder cannot be made or written.
        """
        texts = {
            "claims.csv": self.claims_table.to_csv(),
            "claims.json": json.dumps(self.claims, indent=2, allow_nan=False) + "\n",
        }
        return write_study(folder, sections=self.sections, texts=texts, render=self._page)

    def _page(self, images: Mapping[str, bytes]) -> str:
        return page(self.study, self.sections, claims=self.judged, accelerator=self.accelerator, images=images)


def run_study(
    study: Study,
    folder: Path | None = None,
    progress: Progress | None = None,
    *,
    fidelity: Fidelity = "calibrated",
) -> StudyResult:
    """Make a study again from our own pipelines.

    Parameters
    ----------
    study : Study
    folder : path, optional
        Where tables (CSV), figures (PNG, SVG) and the page (``study.html``) are written; nowhere by default.
    progress : callable, optional
        Called with a line of text before each piece of work.
    fidelity : {"calibrated", "roofline"}

    Raises
    ------
    StudyError
        The study asks for a section, a judge or a case that there is not.
    MissingTracerError
        A graph must be traced and torch or diffusers is not installed.
    OutputError
        The folder cannot be written.
    """
    if folder is not None:
        require_folder(folder)  # before anything is computed
    laboratory = Laboratory(study, progress=progress, fidelity=fidelity)
    sections = tuple(make_sections(laboratory))
    result = StudyResult(
        study=study,
        sections=sections,
        judged=judged(study.statements, tables_by_name(sections), find_judges()),
        accelerator=laboratory.accelerator.name,
    )
    if folder is not None:
        laboratory.say(f"writing {folder}")
        result.write(folder)
    return result
