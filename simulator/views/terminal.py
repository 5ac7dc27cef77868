"""Where results of a command line go: the terminal, or a file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from hw_specs.output import write_text
from hw_specs.terminal.visible import visible

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["captured", "emit", "remark"]


def captured(render: Callable[[Console], None], *, width: int = 160) -> str:
    """What `render` prints on a console as wide as the terminal; where there is none, as `COLUMNS` says, or `width`."""
    from hw_specs.terminal.tables import terminal_console

    console = terminal_console(width)
    with console.capture() as capture:
        render(console)
    return capture.get()


def emit(text: str, output: Path | None) -> None:
    """Write text to a file, or to the terminal without one.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    if output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        write_text(output, text)


def remark(lines: Iterable[str]) -> None:
    """Say something beside the result, so that a program which reads that does not meet it."""
    sys.stderr.writelines(f"{visible(line)}\n" for line in lines)
