"""Where results of the command line go, and its progress bars."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.output import write_text

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["captured", "emit", "progress", "shares"]


@contextmanager
def progress(total: int | None) -> Iterator[Callable[[str], None]]:
    """Progress bar on standard error, where that is a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("predicting", total=total)
        yield lambda what: bar.update(task, advance=1, description=what)


@contextmanager
def shares() -> Iterator[Callable[[str, float], None]]:
    """Progress bar on standard error, where that is a terminal, moved by shares of the whole."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda what, share: bar.update(task, completed=share, description=what)


def captured(render: Callable[[Console], None]) -> str:
    """What `render` prints on a console as wide as the terminal."""
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else 160)
    with console.capture() as capture:
        render(console)
    return capture.get()


def emit(text: str, output: Path | None) -> None:
    """Write text to a file, or to the terminal without one."""
    if output is None:
        sys.stdout.write(text)
    else:
        write_text(output, text)
