"""Roofline of the accelerator with the arithmetic intensity of each model, under three definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.cost import BOUNDS
from simulator.simulation import Simulation
from simulator.views.style import BLACK, BLUE, GREEN, ORANGE, VERMILION, figure_style, panels
from validation.study.attribution import launch_times
from validation.study.laboratory import Laboratory
from validation.study.section import Section
from validation.study.stages import stage_flops
from validation.study.study import StudyModel
from validation.study.table import Cell, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["DEFINITIONS", "draw", "lengths_table", "roofline_table", "section"]

DEFINITIONS = {
    "intensity_weights": "whole inference: FLOPs per byte of weights",
    "intensity_step": "one step of the main stage: FLOPs per byte of its weights",
    "intensity_traffic": "whole inference: FLOPs per byte that kernels move",
}
_UNITS = {
    "model": "",
    "task": "",
    "architecture": "",
    "stand_in": "",
    "flops": "FLOP",
    "weight_bytes": "B",
    "kernel_bytes": "B",
    "intensity_weights": "FLOP/B",
    "intensity_step": "FLOP/B",
    "intensity_traffic": "FLOP/B",
    "kernel_time": "s",
    "attained": "FLOP/s",
    "compute_bound_share": "",
    "ridge": "FLOP/B",
}
_LENGTH_UNITS = {"model": "", "prompt_length": "tokens", "intensity_weights": "FLOP/B"}
_SHOWS = (
    "Arithmetic intensity of each model with fused attention, under three definitions that differ in what the FLOPs "
    "are divided by. (1) FLOPs of the whole inference over the bytes of all weights: weights count once, however often "
    "they are read. (2) FLOPs of one run of the "
    "main stage over the bytes of that stage's weights. (3) FLOPs of the whole inference over the bytes that its "
    "kernels must move, every kernel reading its inputs and writing its outputs. The first panel shows all three; the"
    " second puts the third under the roof, at the rate that the simulation reaches (FLOPs over kernel time). The "
    "share of kernel time that arithmetic bounds is in the table."
)


def section(laboratory: Laboratory) -> Section:
    """Intensities and the roof."""
    table, lengths = roofline_table(laboratory), lengths_table(laboratory)
    return Section(
        name="roofline",
        title="Roofline and arithmetic intensity",
        shows=_SHOWS,
        tables=(table, lengths),
        draw=lambda: draw(table, laboratory),
        alt="Arithmetic intensity of each model, and its attained rate under the roof of the accelerator.",
        remarks=_remarks(table, laboratory),
    )


def roofline_table(laboratory: Laboratory) -> Table:
    """One row a model; attention is fused."""
    rows = [_row(laboratory, model) for model in laboratory.study.models]
    return Table.of("roofline", "Arithmetic intensity, attention fused", _UNITS, rows)


def lengths_table(laboratory: Laboratory) -> Table:
    """One row a language model and length of its prompt: FLOPs of the whole inference by byte of weights."""
    rows = [
        (model.name, length, laboratory.simulation(graph, "flash").report.flops / graph.parameter_bytes)
        for model in laboratory.study.models
        if model.task == "LLM"
        for length in laboratory.study.sweeps.prompt_lengths
        for graph in [laboratory.graph(model, prompt_length=length)]
    ]
    return Table.of("roofline_lengths", "Intensity of language models by the length of the prompt", _LENGTH_UNITS, rows)


def _row(laboratory: Laboratory, model: StudyModel) -> list[Cell]:
    graph = laboratory.graph(model)
    simulation = laboratory.simulation(graph, "flash")
    report, main = simulation.report, graph.stage(model.main_stage)
    weights = {c.name: c.parameter_bytes for c in graph.components}
    time = launch_times(simulation).total
    return [
        model.name,
        model.task,
        model.architecture,
        model.stand_in,
        report.flops,
        graph.parameter_bytes,
        report.bytes,
        report.flops / graph.parameter_bytes,
        stage_flops(graph, main) / weights[main.component],
        report.flops / report.bytes,
        time,
        report.flops / time,
        _compute_share(simulation),
        laboratory.ridge,
    ]


def _compute_share(simulation: Simulation) -> float:
    """Share of kernel time that arithmetic bounds."""
    costs, count = simulation.costs, simulation.launches.kernels.count
    time = count * costs.time[:, 0]
    arithmetic = [code for code, name in enumerate(BOUNDS) if name in ("matrix", "vector", "special")]
    bounded = sum(float(time[costs.bound[:, 0] == code].sum()) for code in arithmetic)
    return bounded / float(time.sum())


def _remarks(table: Table, laboratory: Laboratory) -> tuple[str, ...]:
    ridge = laboratory.ridge
    above = [str(r["model"]) for r in table.rows if float(r["intensity_weights"] or 0) > ridge]
    return (
        f"The ridge of the {laboratory.accelerator.name} (16-bit matrix units over DRAM) is at {ridge:.0f} FLOP/B. "
        f"Under the first definition {len(above)} of {len(table.rows)} models lie above it, since even a decoder that "
        "reads its weights once a token is counted as if it read them once in all: the definition measures reuse of "
        "weights over the inference, not what the memory sees.",
    )


def draw(table: Table, laboratory: Laboratory) -> Figure:
    """Intensities by definition, and the roof with the third one."""
    with figure_style():
        figure, (left, right) = panels(1, 2, size=(13.5, 4.8))
        _draw_definitions(left, table, laboratory.ridge)
        _draw_roof(right, table, laboratory)
        left.legend(loc="upper center", bbox_to_anchor=(0.45, -0.16), ncols=2)
    return figure


def _draw_definitions(axes: Axes, table: Table, ridge_point: float) -> None:
    names = [f"{r['model']}{'*' if r['stand_in'] else ''}" for r in table.rows]
    places = range(len(names))
    for (column, label), marker, colour in zip(DEFINITIONS.items(), "osD", (BLUE, ORANGE, GREEN), strict=True):
        axes.plot(table.numbers(column), places, marker, color=colour, label=label.replace(": ", ":\n"), markersize=7)
    axes.axvline(ridge_point, color=BLACK, linestyle="--", linewidth=1.2, label="ridge of the accelerator")
    axes.set_xscale("log")
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set_xlabel("arithmetic intensity [FLOP/B]")
    axes.set_title("Arithmetic intensity by definition")


def _draw_roof(axes: Axes, table: Table, laboratory: Laboratory) -> None:
    peak = laboratory.accelerator.peak.matrix["fp16"]
    ridge_point = laboratory.ridge
    span = [1.0, ridge_point, 3e3]
    axes.plot(span, [peak / ridge_point / 1e12, peak / 1e12, peak / 1e12], color=BLACK, linewidth=1.5)
    for row, marker in zip(table.rows, _MARKERS, strict=False):
        axes.plot(
            float(row["intensity_traffic"] or 0),
            float(row["attained"] or 0) / 1e12,
            marker,
            color=_ARCHITECTURE_COLOURS[str(row["architecture"])],
            markersize=8,
            markeredgecolor=BLACK,
            markeredgewidth=0.5,
            label=f"{row['model']}{'*' if row['stand_in'] else ''}",
        )
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), title="diffusion green,\ntransformers red")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(0.5, 600)
    axes.set_xlabel("FLOPs per byte that kernels move [FLOP/B]")
    axes.set_ylabel("attained rate [TFLOP/s]")
    axes.set_title(f"Roofline of the {laboratory.accelerator.name}")


_MARKERS = "osDPX^v*"
_ARCHITECTURE_COLOURS = {"diffusion": GREEN, "transformer": VERMILION}
