"""Writing results to files: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

__all__ = ["OutputError", "write_text"]


class OutputError(ValueError):
    """A result cannot be written where it was asked for."""


def write_text(path: Path, text: str) -> None:
    """Write a file so that it appears whole or not at all.

    Raises
    ------
    OutputError
        The folder is missing or cannot be written.
    """
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise OutputError(f"{path}: cannot write: {error.strerror}") from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(temporary, path)
    except OSError as error:
        os.unlink(temporary)
        raise OutputError(f"{path}: cannot write: {error.strerror}") from error
