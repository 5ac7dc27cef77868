"""Command ``whatif sweep``: every design of a study, in a folder that a kill does not harm."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hw_specs.listing.known_parts import slip_warnings
from simulator.results.files import command_line, require_page, write_page
from simulator.results.options import PageFile
from simulator.views.terminal import captured, emit, remark

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["StudyFile", "progress_bar", "sweep_command"]

StudyFile = Annotated[Path, typer.Argument(help="Study: a YAML file.", metavar="STUDY.yaml")]
Folder = Annotated[Path, typer.Option("--output", "-o", help="Folder of the results; what is there is kept.")]
Workers = Annotated[int | None, typer.Option(min=1, max=1024, help="Threads; one for each core by default.")]
Scheduler = Annotated[
    str | None,
    typer.Option(
        help="Dask scheduler whose workers compute, tcp://host:port, in place of threads.", rich_help_panel="Options"
    ),
]


def sweep_command(
    study: StudyFile,
    output: Folder,
    workers: Workers = None,
    scheduler: Scheduler = None,
    report: PageFile = None,
    summary: Annotated[bool, typer.Option("--summary", help="Print what was done as a JSON object.")] = False,
) -> None:
    """Compute every design of a study.

    A sweep that was stopped or killed goes on where it was when the same command is given again.
    """
    from simulator.whatif.study.study import load_study
    from simulator.whatif.sweep.plots import draw_plots
    from simulator.whatif.sweep.presentation import print_sweep
    from simulator.whatif.sweep.results import open_results
    from simulator.whatif.sweep.run import run_study

    require_page(report)
    asked = load_study(study)
    remark(slip_warnings(base.accelerator for base in asked.bases.values()))
    with progress_bar(asked.file.title) as progress:
        done = run_study(asked, output, workers=workers, scheduler=scheduler, progress=progress)
    results = open_results(output)
    drawn = draw_plots(asked, results)
    if report is not None:
        from simulator.whatif.sweep.page import sweep_page

        write_page(sweep_page(asked, results, done, drawn, command_line()), report)
    if summary:
        emit(json.dumps(done.to_dict()) + "\n", None)
        return
    emit(captured(lambda console: print_sweep(asked, results, done, drawn, console), width=100), None)


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """Bar with rate and time left on standard error, where that is a terminal."""
    with _bar() as bar:
        task = bar.add_task(title, total=None)
        first: list[int] = []

        def moved(done: int, total: int) -> None:
            if not first:  # what was there before tells nothing of the rate
                first.append(done)
                bar.reset(task, total=total, completed=done)
            bar.update(task, completed=done, total=total)

        yield moved


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """Designs a second."""

        def render(self, task: object) -> Text:
            speed = getattr(task, "speed", None)
            return Text("" if not speed else f"{speed:,.0f}/s")

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
