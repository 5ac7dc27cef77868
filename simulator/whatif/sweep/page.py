"""A sweep as a page: what it printed, its designs as points, and the fastest of them. Nothing here computes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.views.html.drawing import axis, hover, layout, time_text
from simulator.views.html.page import Chart, Page, Table
from simulator.views.html.printed_page import printed_page
from simulator.views.numbers import quantity
from simulator.views.style import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
from simulator.whatif.study.study import Study

from .presentation import print_sweep
from .results import Results

if TYPE_CHECKING:
    from .run import SweepSummary

__all__ = ["sweep_page"]

# Rows of which the picture and the answer are made, and those that are drawn of each model.
_READ, _DRAWN = 2_000_000, 1_000
_FASTEST = 12
_FIGURES = ("latency", "energy", "peak_memory")
_MARKS = (
    (BLUE, "circle"),
    (VERMILION, "diamond"),
    (GREEN, "square"),
    (PURPLE, "triangle-up"),
    (ORANGE, "cross"),
    (SKY, "x"),
)

Rows = dict[str, NDArray[Any]]


def sweep_page(study: Study, results: Results, summary: SweepSummary, drawn: Sequence[Path], command: str) -> Page:
    """Page of every design of a study.

    Parameters
    ----------
    study : Study
    results : Results
    summary : SweepSummary
        What this call did.
    drawn : sequence of Path
        Pictures that the study asks for, which lie in its folder.
    command : str
        Command line that made them.
    """
    names = ["design", "model", *(field.name for field in study.fields), *_FIGURES]
    rows = results.sample(names, _READ)
    known = np.flatnonzero(np.isfinite(rows["latency"]))
    rows = {name: values[known] for name, values in rows.items()}
    file = study.file
    return printed_page(
        lambda console: print_sweep(study, results, summary, drawn, console),
        title=file.title,
        subtitle=", ".join([*file.models, f"designs from {' and '.join(study.bases)}", file.fidelity]),
        answer=_answer(study, rows, summary),
        charts=[_designs(study, rows)] if len(known) else [],
        tables=[_fastest(study, rows, model) for model in file.models] if len(known) else [],
        origins=[(base.accelerator, base.calibrations) for base in study.bases.values()],
        command=command,
    )


def _answer(study: Study, rows: Rows, summary: SweepSummary) -> str:
    failures = f", {summary.failures:,} rows of them without a result" if summary.failures else ""
    said = [f"{summary.designs:,} designs{failures}"]
    for model in study.file.models:
        latency = rows["latency"][rows["model"] == model]
        if latency.size:
            low, middle, high = np.quantile(latency, (0.0, 0.5, 1.0)).tolist()
            said.append(
                f"{model} takes {time_text(low)} to {time_text(high)}, half of them less than {time_text(middle)}"
            )
    return f"{'; '.join(said)}."


def _designs(study: Study, rows: Rows) -> Chart:
    """Energy of designs over their latency, or memory where no energy is known."""
    up, unit = ("energy", "J") if np.isfinite(rows["energy"]).any() else ("peak_memory", "B")
    models = study.file.models
    return Chart(
        name="designs",
        title="Designs",
        says=f"{up.replace('_', ' ').capitalize()} of designs over their latency"
        + (f", {_DRAWN:,} of each model." if len(rows["latency"]) > _DRAWN * len(models) else "."),
        traces=[_of_model(study, rows, model, up, number) for number, model in enumerate(models)],
        layout=layout(
            x=axis("latency [s]", type="log", exponentformat="SI"),
            y=axis(f"{up.replace('_', ' ')} [{unit}]", type="log", exponentformat="SI"),
            showlegend=len(models) > 1,
        ),
        table=_fastest(study, rows, models[0]),
        height=480,
    )


def _of_model(study: Study, rows: Rows, model: str, up: str, number: int) -> dict[str, Any]:
    of_model = np.flatnonzero(rows["model"] == model)
    drawn = of_model[:: max(-(-len(of_model) // _DRAWN), 1)]
    colour, symbol = _MARKS[number % len(_MARKS)]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": model,
        "x": rows["latency"][drawn].tolist(),
        "y": [value if np.isfinite(value) else None for value in rows[up][drawn].tolist()],
        "customdata": [hover(_told(study, rows, at)) for at in drawn],
        "hovertemplate": "%{customdata}<extra></extra>",
        "marker": {"size": 7, "color": colour, "symbol": symbol, "opacity": 0.7},
    }


def _told(study: Study, rows: Rows, at: int) -> Iterator[str]:
    yield f"design {rows['design'][at]:.0f}, {rows['model'][at]}"
    names = [field.name for field in study.fields]
    yield from (f"{name}: {text}" for name, text in zip((*names, *_FIGURES), _cells(study, rows, at), strict=True))


def _cells(study: Study, rows: Rows, at: int) -> tuple[str, ...]:
    units = {field.name: field.unit for field in study.numbers}
    fields = (_field(rows[field.name][at], units.get(field.name, "")) for field in study.fields)
    figures = zip(_FIGURES, ("s", "J", "B"), strict=True)
    return (*fields, *(quantity(rows[name][at], unit) if np.isfinite(rows[name][at]) else "" for name, unit in figures))


def _field(value: Any, unit: str) -> str:
    if isinstance(value, str) or value is None:
        return value or ""
    return quantity(float(value), unit) if unit not in ("", "1") else f"{value:.4g}"


def _fastest(study: Study, rows: Rows, model: str) -> Table:
    of_model = np.flatnonzero(rows["model"] == model)
    best = of_model[np.argsort(rows["latency"][of_model], kind="stable")[:_FASTEST]]
    names = (".".join(field.name.split(".")[-2:]) for field in study.fields)
    return Table(
        caption=f"Fastest designs of {model}",
        columns=("design", *names, "latency", "energy", "peak memory"),
        rows=[(f"{rows['design'][at]:.0f}", *_cells(study, rows, at)) for at in best],
    )
