"""Figures that commands write: PNG, PDF or SVG, by the ending of the file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hw_specs.output import writing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PlotError", "check_suffix", "new_figure", "save"]

_SUFFIXES = (".png", ".pdf", ".svg")


class PlotError(ValueError):
    """A picture that cannot be written."""


def check_suffix(path: Path) -> None:
    """Refuse a file whose ending names no form of a picture, before anything is computed for it.

    Raises
    ------
    PlotError
    """
    if path.suffix not in _SUFFIXES:
        raise PlotError(f"{path}: cannot write {path.suffix or 'a file without ending'}; valid: {', '.join(_SUFFIXES)}")


def new_figure(width: float, height: float) -> Figure:
    """Empty figure that needs no display. [inch]"""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure.

    Raises
    ------
    PlotError
        The ending names no format.
    OutputError
        The file cannot be written.
    """
    check_suffix(path)
    with writing(path) as stream:
        figure.savefig(stream, format=path.suffix[1:], dpi=150)
