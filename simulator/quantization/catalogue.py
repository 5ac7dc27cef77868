"""Schemes by name: files of this folder, found by listing it, or a file of one's own by its path."""

from __future__ import annotations

import functools
from pathlib import Path

from hw_specs.reading.record import read_record
from hw_specs.terminal.meanings import unknown

from .scheme import Scheme

__all__ = ["QuantizationError", "list_schemes", "load_scheme"]

FOLDER = Path(__file__).parent


class QuantizationError(ValueError):
    """A scheme that there is not, or one that an accelerator or a pipeline cannot have."""


def list_schemes(folder: Path = FOLDER) -> tuple[str, ...]:
    """Names of all schemes, in the order of the alphabet."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


@functools.cache
def load_scheme(name: str, folder: Path = FOLDER) -> Scheme:
    """Scheme of a name, or of a file.

    Parameters
    ----------
    name : str
        One of :func:`list_schemes`, or the path of a YAML file.

    Raises
    ------
    QuantizationError
        There is none; the message lists the valid names.
    SpecError
        Its file is refused.
    """
    valid = list_schemes(folder)
    path = folder / f"{name}.yaml" if name in valid else Path(name)
    if name not in valid and not (path.suffix in (".yaml", ".yml") and path.is_file()):
        raise QuantizationError(unknown("scheme", name, ("none", *valid)))
    return read_record(path, Scheme)
