"""Software by name: files of this folder, found by listing it."""

from __future__ import annotations

import functools
from pathlib import Path

from hw_specs.reading.record import read_record
from hw_specs.terminal.meanings import unknown

from .software import Release, Software, SoftwareError

__all__ = ["list_software", "load_software", "newest_software"]

FOLDER = Path(__file__).parent


def list_software(folder: Path = FOLDER) -> tuple[str, ...]:
    """Names of all generations, each line from the oldest to the newest."""
    return tuple(sorted((path.stem for path in folder.glob("*.yaml")), key=_age))


def newest_software(folder: Path = FOLDER) -> Software:
    """Newest generation of the framework."""
    return load_software("", folder)


@functools.cache
def load_software(name: str, folder: Path = FOLDER) -> Software:
    """Software of a name: a release, or several of different layers with commas between.

    Parameters
    ----------
    name : str
        ``torch-2.6``, ``torch-2.6,rocm-6.3``. A platform alone goes with the newest framework.

    Raises
    ------
    SoftwareError
        Nothing describes it.
    SpecError
        A file is refused.
    """
    parts = [_release(part.strip(), folder) for part in name.split(",") if part.strip()]
    frameworks = [part for part in parts if part.layer == "framework"] or [_newest(folder)]
    if len(frameworks) > 1:
        raise SoftwareError(f"{name!r} names two frameworks; valid: one of {', '.join(list_software(folder))}")
    platforms = [part for part in parts if part.layer == "platform"]
    values = _inherited(frameworks[0], folder)
    for part in platforms:
        values |= _inherited(part, folder)
    return Software(name=",".join(part.name for part in (*frameworks, *platforms)), **values)  # type: ignore[arg-type]


def _inherited(release: Release, folder: Path) -> dict[str, object]:
    """Values of a generation, and of those that it follows where it states none."""
    before = {} if release.follows is None else _inherited(_read(release.follows, folder), folder)
    return before | release.values


def _newest(folder: Path) -> Release:
    every = [_read(name, folder) for name in list_software(folder)]
    return [release for release in every if release.layer == "framework"][-1]


def _release(name: str, folder: Path) -> Release:
    """Generation that a release belongs to; a patch release belongs to its minor one unless a file lists it."""
    line, _, version = name.partition("-")
    every = [_read(known, folder) for known in list_software(folder)]
    own = [release for release in every if release.name.partition("-")[0] == line]
    for wanted in (version, ".".join(version.split(".")[:2])):
        for release in own:
            if wanted in release.releases:
                return release
    valid = [f"{each.name.partition('-')[0]}-{version}" for each in every for version in each.releases]
    raise SoftwareError(unknown("software", name, valid))


@functools.cache
def _read(name: str, folder: Path) -> Release:
    path = folder / f"{name}.yaml"
    release = read_record(path, Release)
    if release.name != name:
        raise SoftwareError(f"{path.name}: name is {release.name!r}; give the file the same name")
    return release


def _age(name: str) -> tuple[str, tuple[int, ...]]:
    line, _, version = name.partition("-")
    return line, tuple(int(part) if part.isdecimal() and len(part) < 10 else 0 for part in version.split("."))
