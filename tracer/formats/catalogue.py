"""The formats of this folder: a file is a format, and its name is the format's name."""

from __future__ import annotations

import csv
import importlib
import pkgutil
import sqlite3
import zlib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Protocol, cast

from hw_specs.reading.bounds import InputError, as_file
from tracer.storage.file_kinds import kind_of_file
from tracer.storage.json_stream import Progress, require_whole_gzip
from tracer.trace import Trace, TraceFormatError

__all__ = ["TraceFormat", "find_format", "format_names", "read_trace", "recognise"]


# What readers may meet in a file that nobody foresaw: values of other types, numbers beyond 64 bits, members that are
# not there. A file can hold anything, so that none of it is a defect of the program.
_DAMAGE = (
    *(ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError, MemoryError, OSError),
    *(EOFError, csv.Error, sqlite3.Error, zlib.error),
)


class TraceFormat(Protocol):
    """What a file of this folder offers."""

    def recognises(self, path: Path) -> bool:
        """Whether a file looks like this format, from its first bytes; never raises for a file that exists."""

    def read(self, path: Path, progress: Progress | None = None) -> Trace:
        """The trace in a file."""


@cache
def format_names() -> tuple[str, ...]:
    """Names of all formats, sorted."""
    folder = Path(__file__).parent
    return tuple(sorted(m.name for m in pkgutil.iter_modules([str(folder)]) if m.name != "catalogue"))


def find_format(name: str) -> TraceFormat:
    """Format of that name.

    Raises
    ------
    TraceFormatError
        No such format; the message lists the valid names.
    """
    if name not in format_names():
        raise TraceFormatError(f"no trace format {name!r}; valid: {', '.join(format_names())}")
    return cast(TraceFormat, importlib.import_module(f"tracer.formats.{name}"))


def recognise(path: str | Path) -> str:
    """Name of the format of a file.

    Raises
    ------
    TraceFormatError
        There is no such file, no format recognises it, or it is a damaged gzip file.
    """
    path = Path(path)
    if not path.is_file():
        raise TraceFormatError(f"{path}: {'is a folder, not a trace' if path.is_dir() else 'no such file'}")
    for name in format_names():
        if find_format(name).recognises(path):
            return name
    require_whole_gzip(path)
    what = kind_of_file(path)
    if what:
        raise TraceFormatError(f"{path}: not a trace: {what}")
    raise TraceFormatError(f"{path}: not a trace in any known format; known: {', '.join(format_names())}")


def read_trace(path: str | Path, *, format_name: str | None = None, progress: Progress | None = None) -> Trace:
    """Trace in a file of any known format.

    Parameters
    ----------
    path : str or Path
    format_name : str, optional
        One of :func:`format_names`; recognised from the content by default.
    progress : callable, optional
        Called with (bytes read, bytes in the file) now and then.

    Raises
    ------
    TraceFormatError
        There is no such file or format, or the file is damaged.
    """
    path = Path(path)
    try:
        with as_file(path) as file:
            return replace(_read(file, path, format_name, progress), source=str(path))
    except InputError as error:
        what = "is a folder, not a trace" if path.is_dir() else str(error) if path.exists() else "no such file"
        raise TraceFormatError(f"{path}: {what}") from error


def _read(file: Path, path: Path, format_name: str | None, progress: Progress | None) -> Trace:
    """Trace in a file, which messages call by the path that was given."""
    chosen = format_name or ""
    try:
        chosen = chosen or recognise(file)
        return find_format(chosen).read(file, progress)
    except TraceFormatError as error:
        raise TraceFormatError(str(_naming(file, error)).replace(str(file), str(path))) from error
    except _DAMAGE as error:
        raise TraceFormatError(f"{path}: damaged, or not as {chosen} is written: {_one_line(error)}") from error


def _one_line(error: BaseException) -> str:
    """What an error says, with its kind."""
    if isinstance(error, OverflowError):
        return "a whole number of more than 64 bits"
    return " ".join(f"{type(error).__name__} {error}".split())[:200]


def _naming(path: Path, error: TraceFormatError) -> TraceFormatError:
    """The same error with the whole name of the file, where its message begins with the name of the trace."""
    text = str(error)
    name, separator, rest = text.partition(": ")
    if str(path) in text:
        return error
    return TraceFormatError(f"{path}: {rest if separator and path.name.startswith(name) else text}")
