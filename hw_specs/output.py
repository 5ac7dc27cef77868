"""Writing results to files: whole or not at all."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path

__all__ = ["OutputError", "write_bytes", "write_text"]


class OutputError(ValueError):
    """A result cannot be written where it was asked for."""


def write_text(path: Path, text: str) -> None:
    """Write a file in UTF-8 so that it appears whole or not at all.

    Raises
    ------
    OutputError
        The folder is missing or cannot be written.
    """
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file so that it appears whole or not at all.

    Raises
    ------
    OutputError
        The folder is missing or cannot be written.
    """
    # Beside its place, so that it can be moved there in one step.
    temporary = path.parent / f".{secrets.token_hex(8)}.partial"
    try:
        with temporary.open("xb") as stream:
            stream.write(data)
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot write: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
