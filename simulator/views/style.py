"""How figures look: one style for all, colours that the colour-blind tell apart, shades that print in grey."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "BLACK",
    "BLUE",
    "GREEN",
    "GREY",
    "KIND_COLOURS",
    "LINES",
    "ORANGE",
    "PART_COLOURS",
    "PART_LABELS",
    "PURPLE",
    "SKY",
    "VERMILION",
    "figure_style",
    "image_bytes",
    "panels",
    "plain_logarithmic",
    "prefixed",
]

# Okabe and Ito, "Color Universal Design" (2008): distinct under the common forms of colour blindness.
BLACK, GREY = "#000000", "#7f7f7f"
ORANGE, SKY, GREEN, BLUE, VERMILION, PURPLE = "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7"

# Attention in shades of blue, light enough apart to tell without hue.
PART_COLOURS = {
    "attention_spatial": "#08306B",
    "attention_temporal": "#2171B5",
    "attention_joint": "#4F9BCB",
    "attention_self": "#8FC1E3",
    "attention_cross": "#CBDFF1",
    "convolution": ORANGE,
    "linear": GREEN,
    "group_norm": VERMILION,
    "normalization": "#F2B8A0",
    "elementwise": "#8C8C8C",
    "data_movement": "#D0D0D0",
    "layout_conversion": "#C2B280",
    "communication": PURPLE,
}
PART_LABELS = {
    "attention_spatial": "attention, spatial",
    "attention_temporal": "attention, temporal",
    "attention_joint": "attention, joint",
    "attention_self": "attention, self",
    "attention_cross": "attention, cross",
    "convolution": "convolution",
    "linear": "linear",
    "group_norm": "GroupNorm",
    "normalization": "other norms",
    "elementwise": "elementwise",
    "data_movement": "copies",
    "layout_conversion": "layout conversions",
    "communication": "communication",
}
KIND_COLOURS = {"spatial": BLUE, "self": BLUE, "joint": GREEN, "temporal": VERMILION, "cross": GREY}

#: Colour, mark and dashes of the lines of one pair of axes, in order; marks and dashes tell them apart in grey.
LINES = (
    (BLUE, "o", "-"),
    (VERMILION, "s", "--"),
    (GREEN, "^", "-."),
    (PURPLE, "D", ":"),
    (ORANGE, "v", "-"),
    (SKY, "X", "--"),
)

_RESOLUTION = 160
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.labelsize": 10,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "svg.fonttype": "path",
    "svg.hashsalt": "roofcast",
}


@contextmanager
def figure_style() -> Iterator[None]:
    """Fonts, lines and grids of all figures while one is made or written."""
    import matplotlib as mpl

    with mpl.rc_context(_STYLE):
        yield


def panels(rows: int, columns: int, *, size: tuple[float, float], sharex: bool = False) -> tuple[Figure, list[Axes]]:
    """Figure of `size` [inch] with a grid of axes, row by row."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharex=sharex)
    return figure, list(axes.flat)


def plain_logarithmic(axes: Axes, name: str) -> None:
    """Make an axis, ``x`` or ``y``, logarithmic with plain numbers at 1, 2 and 5."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.set(**{f"{name}scale": "log"})
    axis = axes.xaxis if name == "x" else axes.yaxis
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_minor_formatter(NullFormatter())


def prefixed(axes: Axes, name: str, unit: str) -> None:
    """Write the numbers of an axis, ``x`` or ``y``, with decimal prefixes: ``20 GB``."""
    from matplotlib.ticker import EngFormatter

    (axes.xaxis if name == "x" else axes.yaxis).set_major_formatter(EngFormatter(unit=unit))


def image_bytes(figure: Figure, *, file_format: str) -> bytes:
    """File of a figure as PNG or SVG; the same figure gives the same bytes."""
    stream = io.BytesIO()
    metadata = {"Date": None} if file_format == "svg" else {}
    with figure_style():
        figure.savefig(stream, format=file_format, dpi=_RESOLUTION, metadata=metadata)
    return stream.getvalue()
