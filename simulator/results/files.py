"""Files that a command writes beside what it prints: a page, figures, a timeline, a graph with times."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hw_specs.output import OutputError, write_text

if TYPE_CHECKING:
    from simulator.report import Report
    from simulator.simulation import Simulation
    from simulator.views.html.page import Page

__all__ = ["ResultFiles", "command_line", "require_page", "write_page"]


def command_line() -> str:
    """Arguments of the process as a shell takes them."""
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFiles:
    """Files that were asked for of one run; None for those that were not."""

    report: Path | None = None

    def __bool__(self) -> bool:
        """Whether any was asked for."""
        return self.report is not None

    def require(self) -> None:
        """Refuse what could not be written, before anything is computed for it.

        Raises
        ------
        ModuleNotFoundError
            A library that draws is not installed.
        """
        if self.report is not None:
            require_page(self.report)

    def write(
        self, simulation: Simulation, report: Report, others: Mapping[str, Report], remarks: Sequence[str]
    ) -> None:
        """Write the files of a run.

        Parameters
        ----------
        simulation : Simulation
        report : Report
            What is shown of it.
        others : mapping of str to Report
            The same run with attention run in other ways.
        remarks : sequence of str

        Raises
        ------
        OutputError
            A file cannot be written.
        """
        if self.report is not None:
            from simulator.views.html.report_page import report_page

            page = report_page(simulation, report=report, others=others, remarks=remarks, command=command_line())
            write_page(page, self.report)


def require_page(path: Path) -> None:
    """Refuse a page that could not be written, before anything is computed for it.

    Raises
    ------
    OutputError
        The ending is none of a page, or the folder is missing.
    ModuleNotFoundError
        What draws it is not installed.
    """
    from simulator.views.html.page import require_libraries

    if path.suffix not in _PAGES:
        raise OutputError(f"{path}: a report is a page; valid: a file that ends in .html")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: cannot write: {path.parent} is no folder")
    require_libraries()


_PAGES = (".html", ".htm")


def write_page(page: Page, path: Path) -> None:
    """Write a page as one file.

    Raises
    ------
    OutputError
    """
    from simulator.views.html.page import render

    write_text(path, render(page))
