"""Sequence length over inference, and its distribution by image size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from simulator.profile.lengths import sampled_calls, sequence_length
from simulator.views.style import KIND_COLOURS, figure_style, panels
from tracer.graph import OpGraph
from validation.study.laboratory import Laboratory
from validation.study.section import Section
from validation.study.study import StudyModel
from validation.study.table import Cell, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw", "lengths_table", "section"]

_UNITS = {
    "model": "",
    "order": "",
    "stage": "",
    "repeat": "",
    "module": "",
    "kind": "",
    "query_length": "tokens",
    "key_length": "tokens",
    "sequence_length": "tokens",
}
_SHOWS = (
    "Every attention call in the order in which it runs, for two repeats of each stage (33 spread evenly where a "
    "stage decodes token by token), with its lengths. The figure leaves cross-attention out, whose queries have the "
    "length of the self-attention beside it. Sequence length is the number of queries; for a decoding step, which has"
    " one query, the tokens that it looks back on."
)


def section(laboratory: Laboratory) -> Section:
    """Lengths of all models."""
    table = lengths_table(laboratory)
    return Section(
        name="sequence_lengths",
        title="Sequence length over inference",
        shows=_SHOWS,
        tables=(table,),
        draw=lambda: draw(table),
        alt="Sequence length of each attention call in order, one panel a model; numbers above are stages.",
        remarks=(_stage_names(table),),
    )


def _stage_names(table: Table) -> str:
    """Which stage each number above a panel stands for."""
    parts = []
    for model in table.distinct("model"):
        stages = list(dict.fromkeys(row["stage"] for row in table.where(model=model) if row["kind"] != "cross"))
        parts.append(f"{model}: " + ", ".join(f"{i} {stage}" for i, stage in enumerate(stages, start=1)))
    return "Stages by number. " + "; ".join(parts) + "."


def lengths_table(laboratory: Laboratory) -> Table:
    """One row an attention call."""
    rows = [row for model in laboratory.study.models for row in _rows(model, laboratory.graph(model))]
    return Table.of("sequence_lengths", "Attention calls in order", _UNITS, rows)


def _rows(model: StudyModel, graph: OpGraph) -> Iterator[Sequence[Cell]]:
    for number, call in enumerate(sampled_calls(graph)):
        yield (
            model.name,
            number,
            call.stage,
            call.repeat,
            call.module,
            call.kind,
            call.query_length,
            call.key_length,
            sequence_length(call),
        )


def draw(table: Table) -> Figure:
    """One panel a model."""
    with figure_style():
        models = table.distinct("model")
        columns = min(4, len(models))
        figure, axes = panels(-(-len(models) // columns), columns, size=(13, 6.4))
        for panel, model in zip(axes, models, strict=False):
            _draw_model(panel, table, str(model))
        for panel in axes[len(models) :]:
            panel.set_visible(False)
        for panel in axes[::columns]:
            panel.set_ylabel("sequence length [tokens]")
        for panel in axes[max(len(models) - columns, 0) : len(models)]:
            panel.set_xlabel("attention call, in order")
        kinds = [kind for kind in ("self", "joint", "temporal") if table.distinct("kind", kind=kind)]
        figure.legend(handles=[_marker(k) for k in kinds], loc="outside lower center", ncols=len(kinds))
    return figure


def _marker(kind: str) -> object:
    from matplotlib.lines import Line2D

    names = {"self": "self-attention (over tokens or pixels)", "joint": "joint, over space and time"}
    return Line2D([], [], marker="o", linestyle="", color=KIND_COLOURS[kind], label=names.get(kind, kind))


def _draw_model(axes: Axes, table: Table, model: str) -> None:
    rows = [row for row in table.where(model=model) if row["kind"] != "cross"]
    axes.plot(range(len(rows)), [float(r["sequence_length"] or 0) for r in rows], color="#BBBBBB", linewidth=0.8)
    for number, row in enumerate(rows):
        length = float(row["sequence_length"] or 0)
        axes.plot(number, length, "o", color=KIND_COLOURS[str(row["kind"])], markersize=3)
    _mark_stages(axes, [str(row["stage"]) for row in rows])
    if not any(row["query_length"] == 1 for row in rows):  # What grows token by token is straight on a linear axis.
        axes.set_yscale("log", base=2)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_title(model, loc="left", pad=14)


def _mark_stages(axes: Axes, stages: Sequence[str]) -> None:
    """Line where a stage begins, and its number above it."""
    starts = [i for i, stage in enumerate(stages) if i == 0 or stage != stages[i - 1]]
    for number, (start, end) in enumerate(pairwise((*starts, len(stages))), start=1):
        if start:
            axes.axvline(start - 0.5, color="black", linewidth=0.7, alpha=0.5)
        axes.text(
            (start + end - 1) / 2, 1.01, str(number), transform=axes.get_xaxis_transform(), ha="center", fontsize=8
        )
