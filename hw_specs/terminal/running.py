"""Running a command line: whatever its user can mend is one line on standard error and exit status 2."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import typer

from .complaints import OptionOf, complaint
from .ending import INTERRUPTED, leave, terminal

__all__ = ["run_command_line"]

# What typer raises for commands and options that it does not know, or cannot read; it has no public name for it.
_USAGE_ERROR: Any = typer.BadParameter.__mro__[1]

# Packages that not every installation has, and the extras that install them; the one named as the command goes first.
_EXTRAS_OF = {
    **dict.fromkeys(("torch", "diffusers", "transformers", "sentencepiece"), ("trace",)),
    **dict.fromkeys(("pynvml", "ijson"), ("validate",)),
    **dict.fromkeys(("pyarrow", "xarray", "dask", "distributed", "pymoo"), ("whatif",)),
    **dict.fromkeys(("scipy", "pandas"), ("validate", "whatif")),
    "matplotlib": ("report", "validate", "whatif"),
    **dict.fromkeys(("jinja2", "plotly"), ("report",)),
    **dict.fromkeys(("flask", "waitress"), ("explore",)),
}


def run_command_line(
    app: typer.Typer, name: str, user_errors: tuple[type[Exception], ...], option_of: OptionOf | None = None
) -> NoReturn:
    """Run an application on the arguments of the process, and leave with its exit status.

    Parameters
    ----------
    app : typer.Typer
    name : str
        Of the command, as the message opens.
    user_errors : tuple of exception types
        What a user can cause; anything else is a defect and keeps its traceback. One with `complaints` has a line for
        each.
    option_of : callable, optional
        What a word without an option means.
    """
    with terminal(name):
        status = _status(app, name, user_errors, option_of)
        if status == INTERRUPTED:  # what runs the commands makes it of an interrupt
            leave("", INTERRUPTED)
        sys.exit(status if isinstance(status, int) else 0)


def _status(
    app: typer.Typer, name: str, user_errors: tuple[type[Exception], ...], option_of: OptionOf | None
) -> object:
    """What an application returns; what its user can mend ends the process."""
    try:
        return app(standalone_mode=False)
    except user_errors as error:
        complaints = getattr(error, "complaints", None) or (str(error),)
        leave("\n".join(f"{name}: error: {_one_line(line)}" for line in complaints))
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRAS_OF:
            raise
        extras = _EXTRAS_OF[package]
        extra = name if name in extras else extras[0]
        leave(f"{name}: error: this needs {package}: pip install 'roofcast[{extra}]'")
    except _USAGE_ERROR as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            leave(str(error.format_message()))  # without a command, it is the help
        commands = [str(command.name) for command in app.registered_commands]
        leave(f"{name}: error: {_one_line(complaint(error, commands, sys.argv[1:], option_of))}")
    except typer.Abort:
        leave("", INTERRUPTED)


def _one_line(text: str) -> str:
    return " ".join(text.split())
