"""Hosts by name: files of this folder, found by listing it, or a file of one's own by its path."""

from __future__ import annotations

import functools
from pathlib import Path

from hw_specs.errors import SpecError
from hw_specs.reading.record import read_record
from hw_specs.terminal.meanings import unknown

from .host import Host, HostFile

__all__ = ["DEFAULT_HOST", "list_hosts", "load_host"]

FOLDER = Path(__file__).parent

#: Host of every accelerator unless another is named: the typical server of the published runs' time.
DEFAULT_HOST = "server-2023"


def list_hosts(folder: Path = FOLDER) -> tuple[str, ...]:
    """Names of all hosts, in the order of the alphabet."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


@functools.cache
def load_host(name: str = DEFAULT_HOST, folder: Path = FOLDER) -> Host:
    """Host of a name, or of a file.

    Parameters
    ----------
    name : str
        One of :func:`list_hosts`, or the path of a YAML file.

    Raises
    ------
    SpecError
        There is none, or its file is refused.
    """
    return _loaded(name, folder, ())


def _loaded(name: str, folder: Path, before: tuple[str, ...]) -> Host:
    if name in before:
        raise SpecError(f"host {name!r} is like itself, by way of {' and '.join(before)}; name another")
    file = read_record(_path(name, folder), HostFile, unit_strings_only=True)
    like = {} if file.like is None else _loaded(file.like, folder, (*before, name)).costs
    return file.on(like)


def _path(name: str, folder: Path) -> Path:
    valid = list_hosts(folder)
    if name in valid:
        return folder / f"{name}.yaml"
    if Path(name).suffix in (".yaml", ".yml"):
        if Path(name).is_file():
            return Path(name)
        raise SpecError(f"{name}: no such file; valid hosts: {', '.join(valid)}")
    raise SpecError(unknown("host", name, valid))
