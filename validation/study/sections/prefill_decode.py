"""Which stages resemble the prefill and which the decoding of a language model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from simulator.views.style import BLACK, BLUE, GREY, ORANGE, VERMILION, figure_style, panels
from tracer.graph import OpGraph, Stage
from tracer.lengths import attention_calls
from validation.study.attribution import LaunchTimes, launch_times
from validation.study.laboratory import Laboratory
from validation.study.section import Section
from validation.study.stages import stage_flops
from validation.study.study import StudyModel
from validation.study.table import Cell, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw", "phase_of", "phases_table", "section"]

_UNITS = {
    "model": "",
    "task": "",
    "architecture": "",
    "stand_in": "",
    "stage": "",
    "main": "",
    "runs": "",
    "queries": "tokens",
    "keys": "tokens",
    "phase": "",
    "flops_per_weight_byte": "FLOP/B",
    "above_ridge": "",
    "kernel_time_share": "",
    "attention_speedup": "",
}
_SHOWS = (
    "Every stage that attends, by the shape of its attention. A stage resembles prefill where many queries attend at "
    "once, and decoding where one query attends to what came before; a token transformer that fills all masked tokens"
    " in parallel and runs again for each step is called parallel decoding: its shape is that of prefill. FLOPs per "
    "byte of weights are those of one run: above the ridge of the accelerator, arithmetic bounds it, below it, "
    "reading the weights does. The last column is the speed-up of flash attention on the stage's attention modules."
)


def section(laboratory: Laboratory) -> Section:
    """Correspondence of stages to the phases of a language model."""
    table = phases_table(laboratory)
    return Section(
        name="prefill_decode",
        title="Correspondence with prefill and decoding",
        shows=_SHOWS,
        tables=(table,),
        draw=lambda: draw(table, laboratory.ridge),
        alt="Arithmetic intensity of each stage against the tokens that one run of it works on, with the ridge point",
    )


def draw(table: Table, ridge_point: float) -> Figure:
    """Queries at once against FLOPs per byte of weights, main stages filled, and the ridge of the part."""
    with figure_style():
        figure, (axes,) = panels(1, 1, size=(10.5, 5.0))
        for name, marker in zip(dict.fromkeys(str(row["model"]) for row in table.rows), "osD^Pv*X", strict=False):
            for row in table.where(model=name):
                _draw_stage(axes, row, marker)
            axes.plot([], [], marker, color=GREY, label=name)
        for phase, colour in _PHASE_COLOURS.items():
            axes.plot([], [], "s", color=colour, label=phase)
        axes.axvline(ridge_point, color=BLACK, linestyle="--", linewidth=1.2, label="ridge of the accelerator")
        axes.set_xscale("log")
        axes.set_yscale("log", base=2)
        axes.set_xlabel("FLOPs of one run per byte of weights [FLOP/B]")
        axes.set_ylabel("most queries of an attention call [tokens]")
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), title="main stages filled")
    return figure


_PHASE_COLOURS = {"prefill": BLUE, "parallel decoding": ORANGE, "decode": VERMILION}


def _draw_stage(axes: Axes, row: Mapping[str, Cell], marker: str) -> None:
    colour = _PHASE_COLOURS[str(row["phase"])]
    axes.plot(
        float(row["flops_per_weight_byte"] or 0),
        float(str(row["queries"]).rpartition(" ")[2]),
        marker,
        color=colour,
        markersize=10 if row["main"] else 7,
        markerfacecolor=colour if row["main"] else "white",
        markeredgecolor=BLACK if row["main"] else colour,
    )


def phases_table(laboratory: Laboratory) -> Table:
    """One row a stage with attention."""
    rows = [row for model in laboratory.study.models for row in _rows(laboratory, model)]
    return Table.of("prefill_decode", "Stages as phases of a language model", _UNITS, rows)


def _rows(laboratory: Laboratory, model: StudyModel) -> list[list[Cell]]:
    graph = laboratory.graph(model)
    naive, flash = (launch_times(laboratory.simulation(graph, attention)) for attention in ("naive", "flash"))
    return [
        _row(laboratory, model, graph, stage, naive, flash)
        for stage in graph.stages
        if any(c.stage == stage.name for c in attention_calls(graph))
    ]


def _row(
    laboratory: Laboratory, model: StudyModel, graph: OpGraph, stage: Stage, naive: LaunchTimes, flash: LaunchTimes
) -> list[Cell]:
    calls = [c for c in attention_calls(graph, repeats=2) if c.stage == stage.name and c.kind != "cross"]
    calls = calls or [c for c in attention_calls(graph) if c.stage == stage.name]
    weights = next(c.parameter_bytes for c in graph.components if c.name == stage.component)
    intensity = stage_flops(graph, stage) / weights
    return [
        model.name,
        model.task,
        model.architecture,
        model.stand_in,
        stage.name,
        stage.name == model.main_stage,
        stage.repeats,
        _span([c.query_length for c in calls]),
        _span([c.key_length for c in calls]),
        phase_of(model, stage, min(c.query_length for c in calls)),
        intensity,
        intensity > laboratory.ridge,
        float(flash.time[flash.stage == stage.name].sum()) / flash.total,
        _attention_time(naive, stage) / _attention_time(flash, stage),
    ]


def phase_of(model: StudyModel, stage: Stage, queries: int) -> str:
    """Phase that a stage resembles: ``prefill``, ``decode`` or ``parallel decoding``."""
    if queries == 1:
        return "decode"
    parallel = model.architecture == "transformer" and stage.repeats > 1
    return "parallel decoding" if parallel else "prefill"


def _attention_time(times: LaunchTimes, stage: Stage) -> float:
    rows = times.stage == stage.name
    attention = [part.startswith("attention_") for part in times.owner.tolist()]
    return float(times.time[rows & attention].sum())


def _span(numbers: list[int]) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low} to {high}"
