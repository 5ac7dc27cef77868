"""Files that a command writes beside what it prints: a page, figures, a timeline, a graph with times."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from hw_specs.output import OutputError, write_bytes, write_text
from simulator.views.plots import PlannedPlot, draw_plot, planned_plot

if TYPE_CHECKING:
    from simulator.comparison import Comparison
    from simulator.projection.projection import Projection
    from simulator.report import Report
    from simulator.simulation import Simulation
    from simulator.views.html.page import Page

__all__ = ["ResultFiles", "command_line", "require_page", "write_page"]


class Asked(Protocol):
    """Options of a command that name files to write."""

    @property
    def report(self) -> Path | None:
        """Page."""

    @property
    def plot(self) -> list[str] | None:
        """Figures."""

    @property
    def chrome_trace(self) -> Path | None:
        """Timeline."""

    @property
    def chakra(self) -> Path | None:
        """Graph with times."""


def command_line() -> str:
    """Arguments of the process as a shell takes them."""
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFiles:
    """Files that were asked for of one run; None for those that were not."""

    report: Path | None = None
    plots: tuple[PlannedPlot, ...] = ()
    chrome_trace: Path | None = None
    chakra: Path | None = None

    @classmethod
    def of(cls, given: Asked) -> ResultFiles:
        """Those of a command's options.

        Raises
        ------
        PlotError
            There is no such view, or its file's ending names no format.
        """
        plots = tuple(map(planned_plot, given.plot or ()))
        return cls(report=given.report, plots=plots, chrome_trace=given.chrome_trace, chakra=given.chakra)

    def __bool__(self) -> bool:
        """Whether any was asked for."""
        return bool(self.report or self.plots or self.chrome_trace or self.chakra)

    @property
    def compare_attention(self) -> bool:
        """Whether any shows the run with attention run otherwise, too."""
        return self.report is not None or any(plot.view == "breakdown" for plot in self.plots)

    def require(self) -> None:
        """Refuse what could not be written, before anything is computed for it.

        Raises
        ------
        ModuleNotFoundError
            A library that draws is not installed.
        """
        require_page(self.report)
        for path in (*(plot.path for plot in self.plots), self.chrome_trace, self.chakra):
            if path is not None:
                _require_folder(path)
        if self.plots:
            import matplotlib  # noqa: F401

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
        for plot in self.plots:
            draw_plot(plot, simulation, report, others)
        if self.chrome_trace is not None:
            from .chrome_trace import chrome_trace

            write_text(self.chrome_trace, chrome_trace(simulation))
        if self.chakra is not None:
            from .chakra import chakra_trace

            write_bytes(self.chakra, chakra_trace(simulation))

    def write_projection(self, projection: Projection, remarks: Sequence[str]) -> None:
        """Write the page of a measured trace on another accelerator.

        Raises
        ------
        OutputError
            Something else was asked for, which only a predicted run has, or the page cannot be written.
        """
        self._refuse_all_but_a_page("a projection")
        if self.report is not None:
            from simulator.projection.page import projection_page

            write_page(projection_page(projection, remarks, command_line()), self.report)

    def write_comparison(self, comparison: Comparison, remarks: Sequence[str]) -> None:
        """Write the page of a run against its reference. Raises as :meth:`write_projection`."""
        self._refuse_all_but_a_page("a comparison")
        if self.report is not None:
            from simulator.views.html.comparison_page import comparison_page

            write_page(comparison_page(comparison, remarks, command_line()), self.report)

    def _refuse_all_but_a_page(self, what: str) -> None:
        if self.plots or self.chrome_trace or self.chakra:
            raise OutputError(f"--plot, --chrome-trace and --chakra are of one predicted run; {what} has --report")


def require_page(path: Path | None) -> None:
    """Refuse a page that was asked for and could not be written, before anything is computed for it.

    Raises
    ------
    OutputError
        The ending is none of a page, or the folder is missing.
    ModuleNotFoundError
        What draws it is not installed.
    """
    from simulator.views.html.page import require_libraries

    if path is None:
        return
    if path.suffix not in _PAGES and not _is_a_stream(path):
        raise OutputError(f"{path}: a report is a page; valid: a file that ends in .html")
    _require_folder(path)
    require_libraries()


def _is_a_stream(path: Path) -> bool:
    """Whether a path names a device or a pipe, which has no ending to go by: ``/dev/stdout``, a FIFO."""
    return path.exists() and not (path.is_file() or path.is_dir())


def _require_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise OutputError(f"{path}: cannot write: {path.parent} is no folder")


_PAGES = (".html", ".htm")


def write_page(page: Page, path: Path) -> None:
    """Write a page as one file.

    Raises
    ------
    OutputError
    """
    from simulator.views.html.page import render

    write_text(path, render(page))
