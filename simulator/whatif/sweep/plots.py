"""Pictures of results that a study asks for: lines, heat maps, and the knee at which a line bends.

Where a field has more values than a picture can tell apart, as in a Latin hypercube, it is cut into parts with as many
designs each, and a line or a cell is the median of its part; bands hold the middle 80 % of the designs.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.views.figures import new_figure, save
from simulator.views.style import LINES, figure_style, plain_logarithmic
from simulator.whatif.exponents import knee_of
from simulator.whatif.study.evaluation import figure_units
from simulator.whatif.study.file import Plot
from simulator.whatif.study.study import Study

from .results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_plots", "medians_by"]

FloatArray = NDArray[np.float64]

_FOLDER = "_plots"
_MOST_ROWS = 2_000_000
_MOST_LEVELS, _PARTS, _FEWEST_PARTS = 40, 24, 4
# Designs that a part of a line and a cell of a heat map have on average.
_OF_A_PART, _OF_A_CELL = 16, 6
# Where a hundred per cent more of a field brings 7 % less or more than before.
_BEND = 0.1
# Units that pictures scale their numbers to: the largest that is not above the middle of the values.
_PREFIXES = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "u"))


def draw_plots(study: Study, results: Results) -> list[Path]:
    """Draw the pictures that a study asks for; their files."""
    drawn = []
    for number, plot in enumerate(study.file.plots, start=1):
        folder = results.path / _FOLDER
        folder.mkdir(exist_ok=True)
        path = folder / (plot.file or f"{number}-{plot.kind}-{plot.color if plot.kind == 'heat' else plot.y}.png")
        _draw(study, results, plot, path)
        drawn.append(path)
    return drawn


def _draw(study: Study, results: Results, plot: Plot, path: Path) -> None:
    names = [plot.x, plot.y, *([plot.color] if plot.kind == "heat" else []), *([plot.by] if plot.by else [])]
    rows = results.sample(list(dict.fromkeys(names)), _MOST_ROWS)
    with figure_style():
        figure = new_figure(7.0, 4.4)
        axes = figure.subplots()
        picture = _Picture(study, plot, axes)
        {"line": picture.lines, "heat": picture.heat_map, "knee": picture.knee}[plot.kind](rows)
        axes.set_title(study.file.title)
        save(figure, path)


class _Picture:
    """Axes of one picture, with the units of what is drawn on them."""

    def __init__(self, study: Study, plot: Plot, axes: Axes) -> None:
        """Of a plot of a study."""
        self._plot, self._axes = plot, axes
        self._units = {field.name: field.unit for field in study.numbers} | figure_units(study)
        self._log = {name for name, field in study.file.fields.items() if getattr(field, "scale", "") == "log"}

    def lines(self, rows: dict[str, NDArray[Any]]) -> None:
        """The figure over the field, a line for each value of what it is split by."""
        x_scale, y_scale = self._label("x", self._plot.x, rows), self._label("y", self._plot.y, rows)
        for value, (colour, mark, dashes) in zip(_values(rows, self._plot.by), itertools.cycle(LINES), strict=False):
            chosen = _chosen(rows, self._plot.by, value)
            at, low, middle, high = medians_by(rows[self._plot.x][chosen], rows[self._plot.y][chosen])
            self._axes.plot(at / x_scale, middle / y_scale, dashes, marker=mark, color=colour, label=_text(value))
            self._axes.fill_between(at / x_scale, low / y_scale, high / y_scale, color=colour, alpha=0.15, linewidth=0)
        self._finish()

    def knee(self, rows: dict[str, NDArray[Any]]) -> None:
        """The figure over the field, and where its growth exponent changes."""
        self.lines(rows)
        x_scale = self._scale(self._plot.x, rows)
        for number, value in enumerate(_values(rows, self._plot.by)):
            chosen = _chosen(rows, self._plot.by, value)
            at, _, middle, _ = medians_by(rows[self._plot.x][chosen], rows[self._plot.y][chosen])
            positive = (at > 0).all() and (middle > 0).all()
            found = knee_of(at.tolist(), middle.tolist(), least=_BEND) if positive else None
            if found is None:
                continue
            colour = LINES[number % len(LINES)][0]
            self._axes.axvline(found.size / x_scale, color=colour, linestyle="--", linewidth=1)
            text = f" {found.size / x_scale:.3g}: exponent {found.before:.2f}, then {found.after:.2f}"
            place = (found.size / x_scale, 0.95 - 0.06 * number)
            self._axes.annotate(text, place, xycoords=("data", "axes fraction"), color=colour, fontsize=8)

    def heat_map(self, rows: dict[str, NDArray[Any]]) -> None:
        """The figure as color over two fields."""
        plot = self._plot
        x_scale, y_scale = self._label("x", plot.x, rows), self._label("y", plot.y, rows)
        scale = self._scale(plot.color, rows)
        x_edges, y_edges = _edges(rows[plot.x], self._is_log(plot.x)), _edges(rows[plot.y], self._is_log(plot.y))
        cells = _cell_medians(rows[plot.x], rows[plot.y], rows[plot.color], x_edges, y_edges) / scale
        mesh = self._axes.pcolormesh(x_edges / x_scale, y_edges / y_scale, cells.T, cmap="viridis")
        self._axes.figure.colorbar(mesh, ax=self._axes, label=self._named(plot.color, scale))
        if self._is_log(plot.y):
            plain_logarithmic(self._axes, "y")
        self._finish()

    def _finish(self) -> None:
        if self._is_log(self._plot.x):
            plain_logarithmic(self._axes, "x")
        if self._plot.by:
            figure = self._axes.figure
            if figure is not None:
                figure.legend(title=self._plot.by, loc="outside lower center", ncols=len(LINES))

    def _is_log(self, name: str) -> bool:
        return name in self._log

    def _label(self, axis: str, name: str, rows: dict[str, NDArray[Any]]) -> float:
        scale = self._scale(name, rows)
        self._axes.set(**{f"{axis}label": self._named(name, scale)})
        return scale

    def _scale(self, name: str, rows: dict[str, NDArray[Any]]) -> float:
        if self._units.get(name, "") in ("", "1"):
            return 1.0
        values = rows[name][np.isfinite(rows[name])]
        middle = float(np.median(values)) if values.size else 1.0
        return next((scale for scale, _ in _PREFIXES if scale <= middle), 1.0)

    def _named(self, name: str, scale: float) -> str:
        unit = self._units.get(name, "")
        return name if unit in ("", "1") else f"{name} [{dict(_PREFIXES)[scale]}{unit}]"


def _values(rows: dict[str, NDArray[Any]], by: str | None) -> list[Any]:
    return [None] if by is None else sorted({value for value in rows[by].tolist() if value is not None})


def _text(value: Any) -> str | None:
    return f"{value:g}" if isinstance(value, float) else value


def _chosen(rows: dict[str, NDArray[Any]], by: str | None, value: object) -> NDArray[np.bool_]:
    first = next(iter(rows.values()))
    return np.ones(len(first), dtype=np.bool_) if by is None else np.asarray(rows[by] == value)


def medians_by(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Values of x in order, and 10 %, 50 % and 90 % of y at each, or at each part of x where it has many values."""
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    levels, place = np.unique(x, return_inverse=True)
    if len(levels) > _MOST_LEVELS:
        order = np.argsort(x, kind="stable")
        parts = np.array_split(order, _parts(len(x), _OF_A_PART))
        at = np.array([np.median(x[part]) for part in parts])
    else:
        parts = [np.flatnonzero(place == number) for number in range(len(levels))]
        at = levels
    quantiles = np.array([np.quantile(y[part], (0.1, 0.5, 0.9)) for part in parts]).reshape(len(parts), 3)
    return at, quantiles[:, 0], quantiles[:, 1], quantiles[:, 2]


def _parts(count: int, each: float) -> int:
    """Parts of so many designs that each has some, as long as there are enough of them."""
    return int(min(max(count / each, _FEWEST_PARTS), _PARTS))


def _edges(values: FloatArray, logarithmic: bool) -> FloatArray:
    """Edges of the cells along one axis: between levels, or of equal parts where there are many."""
    levels = np.unique(values[np.isfinite(values)])
    to, back = (np.log, np.exp) if logarithmic else (np.asarray, np.asarray)
    if len(levels) > _MOST_LEVELS:
        parts = _parts(int(len(values) ** 0.5), _OF_A_CELL**0.5)
        return np.asarray(back(np.linspace(to(levels[0]), to(levels[-1]), parts + 1)))
    places = to(levels)
    half = np.diff(places) / 2 if len(places) > 1 else np.array([0.05 * abs(places[0]) or 0.5])
    middle = places[:-1] + half if len(places) > 1 else np.zeros(0)
    return np.asarray(back(np.concatenate(([places[0] - half[0]], middle, [places[-1] + half[-1]]))))


def _cell_medians(x: FloatArray, y: FloatArray, z: FloatArray, x_edges: FloatArray, y_edges: FloatArray) -> FloatArray:
    """Median of z in every cell, NaN in those without any design."""
    shape = (len(x_edges) - 1, len(y_edges) - 1)
    known = np.isfinite(x) & np.isfinite(y) & np.isfinite(z)
    across, up = (
        np.clip(np.searchsorted(edges, values[known], side="right") - 1, 0, count - 1)
        for edges, values, count in zip((x_edges, y_edges), (x, y), shape, strict=True)
    )
    cell, found = across * shape[1] + up, np.full(shape, np.nan)
    for number in np.unique(cell):
        found.flat[number] = np.median(z[known][cell == number])
    return found
