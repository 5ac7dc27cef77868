"""Designs of a front as files: a specification of each that ``--hw`` takes, a table of all, and a picture."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from hw_specs import Accelerator, apply_overrides, changeable_paths, format_quantity, load_accelerator, parse_quantity
from hw_specs.output import OutputError, write_text
from hw_specs.overrides import present_numbers
from simulator.views.figures import new_figure, save
from simulator.views.style import BLUE, VERMILION, figure_style, prefixed
from simulator.whatif.study.designs import DesignGroup
from simulator.whatif.study.evaluation import figure_units
from simulator.whatif.study.study import Study

from .presentation import apart, drawn_figures
from .search import Front

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["front_rows", "specification", "write_front"]


def write_front(front: Front, folder: Path) -> list[Path]:
    """Files of a front: one a design, ``front.csv`` and ``front.png``.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot write: {error.strerror}") from error
    files = []
    for number, (group, at) in enumerate(_designs(front), start=1):
        path = folder / f"design-{number:02d}.yaml"
        write_text(path, specification(front.study, group, at, name=f"Design {number} of {front.study.file.title}"))
        files.append(path)
    write_text(folder / "front.csv", _as_csv(front))
    if len(front):
        _draw(front, folder / "front.png")
    return files


def _designs(front: Front) -> Iterator[tuple[DesignGroup, int]]:
    """Group of each design and its place there, in the order of the front."""
    places = {int(row): (group, at) for group in front.groups for at, row in enumerate(group.rows)}
    return (places[number] for number in sorted(places))


def specification(study: Study, group: DesignGroup, at: int, *, name: str) -> str:
    """Text of a specification file: the accelerator that a design extends, and every number that differs."""
    part = study.bases[group.base].accelerator
    changed = apply_overrides(part, group.changes(at, changeable_paths(part)))
    product = load_accelerator(group.base)
    run = ", ".join(f"{setting} {value}" for setting, value in group.settings.items())
    tree: dict[str, Any] = {
        "name": name,
        "extends": str(Path(group.base).resolve()) if Path(group.base).is_file() else group.base,
        "hypothetical": True,
        **_nested(changed, product),
        "sources": [f"found by whatif search: {study.file.title}"],
        "notes": f"Numbers that follow others are among them. Run with {run or 'the defaults'}.",
    }
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=120)


def _nested(changed: Accelerator, product: Accelerator) -> dict[str, Any]:
    """Numbers of an accelerator that are not those of another, as a file has them.

    With another clock that is all of them: those that the other's file counts in clocks would follow it.
    """
    tree: dict[str, Any] = {}
    before, units = present_numbers(product), changeable_paths(changed)
    before = before if changed.cores.clock == product.cores.clock else {}
    for path, value in present_numbers(changed).items():
        if value == before.get(path):
            continue
        *parents, leaf = path.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[leaf] = _exact(value, units[path]) if units[path] else int(value)
    return tree


def _exact(value: float, unit: str) -> str:
    """Shortest readable text that is read as just this number."""
    texts = (format_quantity(value, unit, digits=digits) for digits in range(3, 18))
    plain = f"{value!r}" if unit == "1" else f"{value!r} {unit}"
    return next((text for text in texts if parse_quantity(text, unit=unit) == value), plain)


def front_rows(front: Front) -> list[dict[str, Any]]:
    """Designs in plain form for JSON: number, values of the fields, figures; None where there is none."""
    return [
        {
            "design": number + 1,
            **{name: _plain(values[number]) for name, values in front.fields.items()},
            **{name: _plain(values[number]) for name, values in front.figures.items()},
        }
        for number in range(len(front))
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _as_csv(front: Front) -> str:
    stream = io.StringIO()
    names = ["design", *front.fields, *front.figures]
    writer = csv.DictWriter(stream, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(front_rows(front))
    return stream.getvalue()


def _draw(front: Front, path: Path) -> None:
    """Draw the first two objectives of the designs, a third as color."""
    with figure_style():
        figure = new_figure(7.0, 4.4)
        axes = figure.subplots()
        _points(front, axes)
        axes.set_title(front.study.file.title)
        save(figure, path)


def _points(front: Front, axes: Axes) -> None:
    units, (across, up, shade) = figure_units(front.study), drawn_figures(front)
    color = BLUE if shade is None else front.figures[shade]
    dots = axes.scatter(front.figures[across], front.figures[up], c=color, cmap=None if shade is None else "viridis")
    for text, x, y in zip(apart(front, across, up), front.figures[across], front.figures[up], strict=True):
        axes.annotate(text, (x, y), xytext=(4, 4), textcoords="offset points", fontsize=8)
    for name, figures in front.starts.items():
        axes.plot(figures[across], figures[up], "X", color=VERMILION, markersize=9)
        at = (figures[across], figures[up])
        axes.annotate(name, at, xytext=(6, -12), textcoords="offset points", fontsize=8, color=VERMILION)
    for axis, figure in (("x", across), ("y", up)):
        prefixed(axes, axis, units[figure])
    axes.set(xlabel=across.replace("_", " "), ylabel=up.replace("_", " "))
    if shade is not None:
        bar = axes.figure.colorbar(dots, ax=axes, label=shade.replace("_", " "))
        prefixed(bar.ax, "y", units[shade])
