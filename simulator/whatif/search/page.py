"""A front as a page: the designs as points, their intervals, what they have in common. Nothing here computes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.views.html.drawing import COLOURS, axis, hover, layout
from simulator.views.html.page import Chart, Page, Table
from simulator.views.html.printed_page import Range, printed_page, ranges_chart
from simulator.views.style import VERMILION
from simulator.whatif.study.evaluation import figure_units

from .presentation import apart, cell_text, drawn_figures, front_columns, front_units, print_front, short_name
from .search import OBJECTIVES, Front

__all__ = ["front_page"]

# Designs that have a line each in the picture of intervals.
_LINES = 40
# Ratio of the largest value to the least from which on an axis is logarithmic.
_WIDE = 5.0


def front_page(front: Front, folder: Path, command: str) -> Page:
    """Page of the designs that no other one is better than.

    Parameters
    ----------
    front : Front
    folder : Path
        Where their files are.
    command : str
        Command line that found them.
    """
    return printed_page(
        lambda console: print_front(front, folder, console),
        title=front.study.file.title,
        subtitle=_subtitle(front),
        answer=_answer(front),
        facts=_facts(front) if len(front) else [],
        charts=[_front_chart(front), *_latencies(front)] if len(front) else [],
        tables=[_in_common(front)] if len(front) else [],
        remarks=list(_remarks(front)),
        origins=[(base.accelerator, base.calibrations) for base in front.study.bases.values()],
        command=command,
    )


def _subtitle(front: Front) -> str:
    file = front.study.file
    given = [f"{name.replace('_', ' ')} {value}" for name, value in {**file.settings, **file.set}.items()]
    return ", ".join([*file.models, f"designs from {' and '.join(front.study.bases)}", file.fidelity, *given])


def _answer(front: Front) -> str:
    objectives = front.study.file.search.objectives
    if not len(front):
        return f"None of {front.tried:,} designs meets all constraints: loosen them, or widen the fields."
    count = "One" if len(front) == 1 else f"{len(front)}"
    said = f"{count} of {front.tried:,} designs {'is' if len(front) == 1 else 'are'} best in {_listed(objectives)}"
    best = [f"{_words(name)} {_figure(front, name, _best(front, name))}" for name in objectives]
    starts = [f"{base} itself: {_of_start(front, base)}" for base in front.starts]
    return f"{said}: {', '.join(best)}; {'; '.join(starts)}."


def _facts(front: Front) -> list[tuple[str, str]]:
    """Of each objective the design that is best in it, and what it is made of."""
    return [
        (f"Best in {_words(name)}", f"design {at + 1}: {', '.join(_fields_of(front, at))}")
        for name in front.study.file.search.objectives
        for at in (_best(front, name),)
    ]


def _best(front: Front, objective: str) -> int:
    return int(np.nanargmin(OBJECTIVES[objective] * front.figures[objective]))


def _figure(front: Front, name: str, at: int) -> str:
    return f"{cell_text(front.figures[name][at], figure_units(front.study)[name])} (design {at + 1})"


def _of_start(front: Front, base: str) -> str:
    units = figure_units(front.study)
    return ", ".join(cell_text(front.starts[base][name], units[name]) for name in front.study.file.search.objectives)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _listed(names: Sequence[str]) -> str:
    *others, last = map(_words, names)
    return f"{', '.join(others)} and {last}" if others else last


def _fields_of(front: Front, at: int) -> Iterator[str]:
    units = front_units(front)
    for name, values in front.fields.items():
        yield f"{short_name(name)} {cell_text(values[at], units.get(name, ''))}"


def _remarks(front: Front) -> Iterator[str]:
    wanted, seed = front.study.file.search, front.study.file.sampling.seed
    yield (
        f"{wanted.generations} generations of {wanted.population} designs (NSGA-II, seed {seed}); "
        "another search may find a design that is a little better."
    )
    for name, limit in wanted.constraints.items():
        ends = [
            f"{word} {value}" for word, value in (("below", limit.below), ("above", limit.above)) if value is not None
        ]
        yield f"Allowed: {_words(name)} {' and '.join(ends)}."
    if len(front.study.file.models) > 1:
        yield "Figures are of the models one after another; the ends of intervals add up as if all erred alike."


def _front_chart(front: Front) -> Chart:
    """Designs over the first two objectives, or over the only one and another figure."""
    units, (across, up, shade) = figure_units(front.study), drawn_figures(front)
    says = f"Each point is a design under its number, {_words(up)} over {_words(across)}"
    shaded = "" if shade is None else f", the lighter the more {_words(shade)}"
    return Chart(
        name="front",
        title="Designs that no other is better than",
        says=f"{says}{shaded}; crosses are accelerators that they start from, as those are.",
        traces=[_designs(front, across, up, shade), _starts(front, across, up)],
        layout=layout(
            x=axis(f"{_words(across)} [{units[across]}]", exponentformat="SI", **_scale(front.figures[across])),
            y=axis(f"{_words(up)} [{units[up]}]", exponentformat="SI", **_scale(front.figures[up])),
            showlegend=False,
        ),
        table=_numbers(front, [name for name in (across, up, shade) if name]),
        height=480,
    )


def _scale(values: NDArray[Any]) -> dict[str, str]:
    known = values[np.isfinite(values)]
    return {"type": "log"} if known.size and 0 < _WIDE * known.min() < known.max() else {}


def _designs(front: Front, across: str, up: str, shade: str | None) -> dict[str, Any]:
    marker: dict[str, Any] = {"size": 11, "color": COLOURS["attention_temporal"], "line": {"width": 1, "color": "#555"}}
    if shade is not None:
        title = f"{_words(shade)} [{figure_units(front.study)[shade]}]"
        bar = {"title": {"text": title, "side": "right"}, "thickness": 14, "exponentformat": "SI"}
        colours = {"color": _plain(front.figures[shade]), "colorscale": "Viridis"}
        marker |= {**colours, "showscale": True, "colorbar": bar}
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": _plain(front.figures[across]),
        "y": _plain(front.figures[up]),
        "text": apart(front, across, up),
        "textposition": "top right",
        "textfont": {"size": 10},
        "customdata": [hover(_pointed_at(front, at)) for at in range(len(front))],
        "hovertemplate": "%{customdata}<extra></extra>",
        "marker": marker,
    }


def _starts(front: Front, across: str, up: str) -> dict[str, Any]:
    known = [
        (name, figures) for name, figures in front.starts.items() if np.isfinite([figures[across], figures[up]]).all()
    ]
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [figures[across] for _, figures in known],
        "y": [figures[up] for _, figures in known],
        "text": [name for name, _ in known],
        "textposition": "bottom right",
        "hovertemplate": "%{text} as it is<extra></extra>",
        "marker": {"size": 12, "symbol": "x", "color": VERMILION},
    }


def _plain(values: NDArray[Any]) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]


def _pointed_at(front: Front, at: int) -> Iterator[str]:
    units = front_units(front)
    yield f"design {at + 1}"
    for name, values in front_columns(front).items():
        yield f"{short_name(name)}: {cell_text(values[at], units.get(name, ''))}"


def _numbers(front: Front, names: list[str]) -> Table:
    units = figure_units(front.study)
    started = (
        (name, *(cell_text(figures[each], units[each]) for each in names)) for name, figures in front.starts.items()
    )
    found = (
        (str(at + 1), *(cell_text(front.figures[each][at], units[each]) for each in names)) for at in range(len(front))
    )
    return Table(
        caption="Designs and what they start from", columns=("design", *map(_words, names)), rows=[*started, *found]
    )


def _latencies(front: Front) -> Iterator[Chart]:
    """Latency of each design with its interval, where designs have one."""
    if not np.isfinite(front.figures["latency_high"]).any():
        return
    started = [_range(name, figures) for name, figures in front.starts.items()]
    rows = [_range(f"design {at + 1}", _of(front, at)) for at in range(min(len(front), _LINES))]
    yield ranges_chart(
        "latencies",
        [*started, *rows],
        title="Latency",
        says="Latency of each design with its 80 % interval; what all designs err in together is in every one of them.",
        unit="latency [s]",
        text=lambda value: cell_text(value, "s"),
    )


def _of(front: Front, at: int) -> dict[str, float]:
    return {name: values[at].item() for name, values in front.figures.items()}


def _range(name: str, figures: Mapping[str, float]) -> Range:
    return name, figures["latency"], figures["latency_low"], figures["latency_high"]


def _in_common(front: Front) -> Table:
    """Of each field the values that the designs have."""
    rows = [(short_name(name), *_spread(front, name)) for name in front.fields]
    return Table(caption="Values of the fields", columns=("field", "lowest", "middle", "highest"), rows=rows)


def _spread(front: Front, name: str) -> tuple[str, str, str]:
    values, unit = front.fields[name], front_units(front).get(name, "")
    if values.dtype == object:
        kinds, counts = np.unique([str(value) for value in values], return_counts=True)
        texts = [f"{kind} ({count})" for kind, count in zip(kinds, counts, strict=True)]
        return ", ".join(texts), "", ""
    low, middle, high = (cell_text(value, unit) for value in np.nanquantile(values, (0.0, 0.5, 1.0)))
    return low, middle, high
