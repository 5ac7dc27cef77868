"""Options whose value is looked at before anything is computed for it: files that are written, devices that measure."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import typer

from .meanings import unknown

__all__ = ["measured_device", "writable"]


def writable(*endings: str) -> Callable[[Path | None], Path | None]:
    """Callback of an option that names a file to write: refuses a missing folder, a folder, and another ending.

    Parameters
    ----------
    *endings : str
        That tell what is in such a file, with their point; any if none. What is there and is no regular file (a device,
        a FIFO) may have any name.
    """

    def checked(path: Path | None) -> Path | None:
        if path is None or (path.exists() and not path.is_file() and not path.is_dir()):
            return path
        if not path.parent.is_dir():
            raise typer.BadParameter(f"{path}: cannot write: {path.parent} is no folder")
        if path.is_dir():
            raise typer.BadParameter(f"{path}: is a folder; give a file")
        if endings and not path.name.lower().endswith(endings):
            raise typer.BadParameter(f"{path}: valid: a file that ends in {' or '.join(endings)}")
        return path

    return checked


def measured_device(name: str) -> str:
    """Callback of an option that names a device to measure on, as torch calls it; whether it is there comes later."""
    if not re.fullmatch(r"(cpu|cuda)(:\d+)?", name):
        raise typer.BadParameter(unknown("device", name, ("cpu", "cuda", "cuda:N")))
    return name
