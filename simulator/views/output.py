"""Writing results to files: whole or not at all."""

from __future__ import annotations

import contextlib
import secrets
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
    # Beside its place, so that it can be moved there in one step.
    temporary = path.parent / f".{secrets.token_hex(8)}.partial"
    try:
        with temporary.open("x", encoding="utf-8") as stream:
            stream.write(text)
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot write: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
