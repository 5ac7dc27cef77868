"""Kernel time of each model by what it is spent on, with naive and fused attention side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.views.style import PART_COLOURS, PART_LABELS, figure_style, panels
from validation.study.attribution import ATTRIBUTIONS, PARTS, launch_times
from validation.study.laboratory import Laboratory
from validation.study.section import Section
from validation.study.study import ATTENTION
from validation.study.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["breakdown_table", "draw", "section"]

_UNITS = {
    "model": "",
    "task": "",
    "architecture": "",
    "stand_in": "",
    "attention": "",
    "attribution": "",
    "part": "",
    "time": "s",
    "share": "",
}
_SHOWS = (
    "Kernel time of one inference by part, with attention whose scores go through memory (naive) and with "
    "fused attention (flash). Waiting for the host is left out, as in a profile of kernels. Bars are in units of the"
    " naive run's kernel time, so the second bar of a model is as short as it is faster. The upper panel counts by "
    "operator: attention is the attention operator alone. The lower one counts by module: attention is all that "
    "attention modules run, projections and copies included. Profiles that link kernels to modules by "
    "hooks count so, and a study that does not say how it counted may be of either kind."
)


def section(laboratory: Laboratory) -> Section:
    """Breakdown of all models."""
    table = breakdown_table(laboratory)
    return Section(
        name="operator_breakdown",
        title="Operator breakdown",
        shows=_SHOWS,
        tables=(table,),
        draw=lambda: draw(table),
        alt="Stacked bars of kernel time by part for each model, naive and fused attention side by side.",
    )


def breakdown_table(laboratory: Laboratory) -> Table:
    """One row for each model, attention, attribution and part."""
    rows = []
    for model in laboratory.study.models:
        who = (model.name, model.task, model.architecture, model.stand_in)
        for attention in ATTENTION:
            times = launch_times(laboratory.simulation(laboratory.graph(model), attention))
            for attribution in ATTRIBUTIONS:
                for part, time in times.by_part(attribution).items():
                    rows.append((*who, attention, attribution, part, time, time / times.total))
    return Table.of("operator_breakdown", "Kernel time by part", _UNITS, rows)


def draw(table: Table) -> Figure:
    """Two panels of stacked bars, one an attribution."""
    with figure_style():
        figure, axes = panels(2, 1, size=(12, 8.4), sharex=True)
        for panel, attribution in zip(axes, ATTRIBUTIONS, strict=True):
            _draw_bars(panel, table, attribution)
            panel.set_title(f"attributed by {attribution}")
        present = {str(part) for part in table.distinct("part")}
        handles = [_patch(part) for part in PARTS if part in present]
        figure.legend(handles=handles, loc="outside lower center", ncols=5)
    return figure


def _patch(part: str) -> object:
    from matplotlib.patches import Patch

    return Patch(facecolor=PART_COLOURS[part], edgecolor="black", linewidth=0.4, label=PART_LABELS[part])


def _draw_bars(axes: Axes, table: Table, attribution: str) -> None:
    ticks, labels = [], []
    highest = max(_heights(table, attribution))
    for number, model in enumerate(table.distinct("model")):
        whole = table.total("time", model=model, attention="naive", attribution=attribution)
        for offset, attention in zip((-0.2, 0.2), ATTENTION, strict=True):
            _draw_bar(axes, table, number + offset, whole, model=model, attention=attention, attribution=attribution)
            ticks.append(number + offset)
            labels.append(attention)
        starred = "*" if any(row["stand_in"] for row in table.where(model=model)) else ""
        axes.text(number, highest + 0.03, f"{model}{starred}", ha="center", va="bottom", fontsize=10)
    axes.set_xticks(ticks, labels, rotation=0)
    axes.tick_params(axis="x", length=0)
    axes.grid(visible=False, axis="x")
    axes.set_xlim(-0.6, len(ticks) / 2 - 0.4)
    axes.set_ylim(0, highest + 0.11)
    axes.set_ylabel("kernel time [naive run = 1]")


def _heights(table: Table, attribution: str) -> list[float]:
    """Height of the tallest bar of each model: kernel time in units of the naive run's."""
    return [
        max(table.total("time", model=m, attention=a, attribution=attribution) for a in ATTENTION)
        / table.total("time", model=m, attention="naive", attribution=attribution)
        for m in table.distinct("model")
    ]


def _draw_bar(axes: Axes, table: Table, place: float, whole: float, **wanted: object) -> None:
    bottom = 0.0
    for part in PARTS:
        height = table.total("time", part=part, **{k: str(v) for k, v in wanted.items()}) / whole
        if height:
            axes.bar(
                place, height, width=0.36, bottom=bottom, color=PART_COLOURS[part], edgecolor="black", linewidth=0.4
            )
            if height > _LABELLED:
                _label(axes, place, bottom + height / 2, height, part)
        bottom += height


# Parts below this height have no room for a number.
_LABELLED = 0.045


def _label(axes: Axes, place: float, middle: float, height: float, part: str) -> None:
    dark = part in ("attention_spatial", "attention_temporal")
    axes.text(
        place, middle, f"{100 * height:.0f}", ha="center", va="center", fontsize=8, color="white" if dark else "black"
    )
