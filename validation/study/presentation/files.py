"""Files of a study: a CSV for each table, a PNG and an SVG for each figure, and the page."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from hw_specs.output import OutputError, write_bytes, write_text
from simulator.views.style import image_bytes
from validation.study.section import Section

__all__ = ["PAGE", "require_folder", "write_study"]

PAGE = "study.html"
"""Name of the page."""


def require_folder(folder: Path) -> None:
    """Refuse a folder that could not be made or written, without making it.

    Raises
    ------
    OutputError
        Something else is in its place, the folder around it is missing, or may not be written.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: cannot make this folder: a file is in its place")
    around = folder if folder.is_dir() else folder.parent
    if not around.is_dir():
        raise OutputError(f"{folder}: cannot make this folder: {around} does not exist")
    if not os.access(around, os.W_OK):
        raise OutputError(f"{folder}: cannot write into {around}")


def write_study(
    folder: Path, *, sections: Iterable[Section], texts: Mapping[str, str], render: Callable[[Mapping[str, bytes]], str]
) -> list[Path]:
    """Write a study into a folder, which is made if it is missing.

    Parameters
    ----------
    folder : path
    sections : iterable of Section
        Each table becomes a CSV, each figure a PNG and an SVG.
    texts : mapping of str to str
        Further files by name.
    render : callable
        Makes the page from the PNG of each section's figure, by the section's name.

    Returns
    -------
    list of path
        The files in the order in which they were written.

    Raises
    ------
    OutputError
        The folder cannot be made or written.
    """
    require_folder(folder)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot make this folder: {error.strerror}") from error
    written: list[Path] = []
    images: dict[str, bytes] = {}
    for section in sections:
        written += [_text(folder / f"{table.name}.csv", table.to_csv()) for table in section.tables]
        if section.draw is not None:
            images[section.name], paths = _figure(section, folder)
            written.extend(paths)
    written += [_text(folder / name, text) for name, text in texts.items()]
    return [*written, _text(folder / PAGE, render(images))]


def _text(path: Path, text: str) -> Path:
    write_text(path, text)
    return path


def _figure(section: Section, folder: Path) -> tuple[bytes, list[Path]]:
    """PNG of a section's figure, and the files that it was written to."""
    if section.draw is None:
        raise ValueError(f"section {section.name} has no figure")
    figure = section.draw()
    png, paths = image_bytes(figure, file_format="png"), []
    for ending, data in (("png", png), ("svg", image_bytes(figure, file_format="svg"))):
        paths.append(folder / f"{section.name}.{ending}")
        write_bytes(paths[-1], data)
    return png, paths
