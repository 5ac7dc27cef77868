"""Progress bars on standard error, where that is a terminal that can move its cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hw_specs.terminal.visible import visible

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

__all__ = ["counts", "reading", "shares", "working"]


@contextmanager
def counts() -> Iterator[Callable[[str, int, int], None]]:
    """Bar that is moved by what is being done, how much is done, and how much there is."""
    with _bar() as bar:
        task = bar.add_task("starting", total=None)
        yield lambda what, done, total: bar.update(task, description=visible(what), completed=done, total=total)


@contextmanager
def shares() -> Iterator[Callable[[str, float], None]]:
    """Bar that is moved by what is being done, and the share of the whole that is done."""
    with _bar() as bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda what, share: bar.update(task, completed=share, description=visible(what))


@contextmanager
def reading(path: Path) -> Iterator[Callable[[int, int], None]]:
    """Bar of a file that is read, moved by the bytes read and the bytes there are."""
    with counts() as advance:
        yield lambda done, total: advance(f"reading {path.name}", done, total)


@contextmanager
def working(what: str) -> Iterator[Callable[[str], None]]:
    """Bar of what nobody knows the length of, with the time that it has taken; moved by what is being done."""
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn

    with _bar(TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn()) as bar:
        task = bar.add_task(visible(what), total=None)
        yield lambda now: bar.update(task, description=visible(now))


def _bar(*columns: ProgressColumn) -> Progress:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    shown = console.is_terminal and not console.is_dumb_terminal
    return Progress(*columns, console=console, transient=True, disable=not shown)
