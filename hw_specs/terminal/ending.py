"""How a command ends: with its result, with one line, or silently; never with a traceback for what is not a defect."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import warnings
import weakref
from collections.abc import Iterator
from typing import NoReturn

from .interrupts import Ended, as_endings, as_exceptions, end_by
from .visible import visible

__all__ = ["HELP", "INTERRUPTED", "REFUSED", "UNHEARD", "leave", "terminal"]

#: Exit status of a command that its user can mend, that was interrupted (128 + SIGINT), and whose reader went away
#: (128 + SIGPIPE).
REFUSED, INTERRUPTED, UNHEARD = 2, 130, 141
#: Settings of every command: both ways to ask for help.
HELP = {"help_option_names": ["-h", "--help"]}

# Threads that were there before a command began.
_OTHERS: weakref.WeakSet[threading.Thread] = weakref.WeakSet()


@contextlib.contextmanager
def terminal(name: str) -> Iterator[None]:
    """Streams that take any character and endings that say what happened, around all that a command does.

    Parameters
    ----------
    name : str
        Of the command, as its line opens.
    """
    _OTHERS.update(threading.enumerate())
    try:
        try:
            as_exceptions()
            _prepare()
            with _quiet_libraries():
                yield
            sys.stdout.flush()
        finally:
            as_endings()
    except SystemExit as leaving:
        # What runs the commands takes a reader that went away for an ending of its own.
        if isinstance(leaving.__context__, BrokenPipeError):
            _end(UNHEARD)
        _flushed(name)
        raise
    except BrokenPipeError:
        _end(UNHEARD)
    except KeyboardInterrupt:
        _end(INTERRUPTED)
    except Ended as ended:
        end_by(ended.number)
    except MemoryError:
        leave(f"{name}: error: this takes more memory than there is")
    except OSError as error:
        what = f"{error.filename}: " if error.filename else "standard output: cannot write: "
        leave(f"{name}: error: {what}{error.strerror or error}")


def leave(line: str, status: int = REFUSED) -> NoReturn:
    """Say a line on standard error and end; what a terminal would obey, such as in the name of a file, is escaped."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"{visible(line)}\n" if line else "")
        sys.stderr.flush()
    _end(status)


def _flushed(name: str) -> None:
    """Write what is left of the result, before an ending that is not about it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _end(UNHEARD)
    except OSError as error:
        leave(f"{name}: error: standard output: cannot write: {error.strerror}")


def _end(status: int) -> NoReturn:
    """End with nothing more written: Python would try again what is left, and complain.

    Threads that still compute for the command are not waited for, as Python would; those of a program around it go on.
    """
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for descriptor, stream in ((1, sys.stdout), (2, sys.stderr)):
            try:
                stream.flush()
            except (OSError, ValueError):
                os.dup2(nowhere, descriptor)
    if any(thread not in _OTHERS for thread in threading.enumerate() if thread is not threading.main_thread()):
        os._exit(status)
    sys.exit(status)


def _prepare() -> None:
    """Streams that are there and take any character, and libraries that keep their remarks to themselves."""
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # for the rest of the process
    if sys.stdout is None:
        # Closed: what is written there is refused, and no other file gets its number.
        sys.stdout = open(os.devnull, encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


@contextlib.contextmanager
def _quiet_libraries() -> Iterator[None]:
    """What libraries warn of is for those who call them; a program reads one line of ours, or none."""
    for variable in ("TRANSFORMERS_VERBOSITY", "DIFFUSERS_VERBOSITY"):
        os.environ.setdefault(variable, "error")
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    logging.lastResort, before = logging.NullHandler(), logging.lastResort
    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logging.lastResort = before
