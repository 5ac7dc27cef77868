"""Where results of the command line go, and its progress bars."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.views.output import write_text
from tracer.progress_bar import counts

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["captured", "emit", "progress", "remark"]


@contextmanager
def progress(total: int | None) -> Iterator[Callable[[str], None]]:
    """Progress bar on standard error, where that is a terminal."""
    with counts() as advance:
        done = itertools.count(1)
        yield lambda what: advance(what, next(done), total or 0)


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


def remark(lines: Iterable[str]) -> None:
    """Say something beside the result, so that a program which reads that does not meet it."""
    for line in lines:
        print(line, file=sys.stderr)
