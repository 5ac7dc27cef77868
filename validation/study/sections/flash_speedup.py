"""Speed-up of flash attention, end to end and of attention alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.comparison import compare
from simulator.views.style import BLUE, GREEN, ORANGE, SKY, figure_style, panels
from validation.study.attribution import launch_times
from validation.study.laboratory import Laboratory
from validation.study.section import Section
from validation.study.study import StudyModel
from validation.study.table import Cell, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulator.simulation import Simulation

__all__ = ["draw", "section", "speedup_table"]

_UNITS = {
    "model": "",
    "task": "",
    "architecture": "",
    "stand_in": "",
    "latency_naive": "s",
    "latency_naive_low": "s",
    "latency_naive_high": "s",
    "latency_flash": "s",
    "latency_flash_low": "s",
    "latency_flash_high": "s",
    "kernel_time_naive": "s",
    "kernel_time_flash": "s",
    "speedup_latency": "",
    "speedup_latency_low": "",
    "speedup_latency_high": "",
    "speedup_kernel_time": "",
    "speedup_attention_module": "",
    "speedup_attention_operator": "",
}
_SPEEDUPS = {
    "speedup_latency": ("end to end, latency", BLUE),
    "speedup_kernel_time": ("end to end, kernel time", SKY),
    "speedup_attention_module": ("attention modules", GREEN),
    "speedup_attention_operator": ("attention operators", ORANGE),
}
_SHOWS = (
    "How much faster each model is with fused attention than with attention whose scores go through memory: latency "
    "of the whole inference, host included; kernel time alone, as a profile of kernels sums it; and kernel time of "
    "attention, by module (with projections and copies) and by operator. Latencies and the speed-up of latency come "
    "with the ends of their 80 % intervals; what is wrong with both latencies alike cancels in that of the speed-up."
)


def section(laboratory: Laboratory) -> Section:
    """Speed-ups of all models."""
    table = speedup_table(laboratory)
    return Section(
        name="flash_speedup",
        title="Speed-up of flash attention",
        shows=_SHOWS,
        tables=(table,),
        draw=lambda: draw(table),
        alt="Bars of the speed-up of flash attention end to end, and of attention modules and operators.",
    )


def speedup_table(laboratory: Laboratory) -> Table:
    """One row a model."""
    rows = [_row(laboratory, model) for model in laboratory.study.models]
    return Table.of("flash_speedup", "Naive over fused attention", _UNITS, rows)


def _row(laboratory: Laboratory, model: StudyModel) -> list[Cell]:
    graph = laboratory.graph(model)
    naive, flash = (laboratory.simulation(graph, attention) for attention in ("naive", "flash"))
    slow, fast = launch_times(naive), launch_times(flash)
    return [
        model.name,
        model.task,
        model.architecture,
        model.stand_in,
        naive.report.latency,
        *_ends(naive),
        flash.report.latency,
        *_ends(flash),
        slow.total,
        fast.total,
        naive.report.latency / flash.report.latency,
        *_ratio_ends(naive, flash),
        slow.total / fast.total,
        slow.attention_time("module") / fast.attention_time("module"),
        slow.attention_time("operator") / fast.attention_time("operator"),
    ]


def _ends(simulation: Simulation) -> tuple[Cell, Cell]:
    """80 % interval of a latency; none of a bound."""
    interval = simulation.interval
    return (None, None) if interval is None else (interval.low, interval.high)


def _ratio_ends(naive: Simulation, flash: Simulation) -> tuple[Cell, Cell]:
    """80 % interval of the speed-up of a latency; none of a bound."""
    interval = compare(flash, naive).whole.interval
    return (None, None) if interval is None else (interval.low, interval.high)


def draw(table: Table) -> Figure:
    """End to end on the left, attention on the right."""
    with figure_style():
        figure, (left, right) = panels(1, 2, size=(12, 4.6))
        columns = tuple(_SPEEDUPS)
        _draw_bars(left, table, columns[:2])
        _draw_bars(right, table, columns[2:])
        left.set_title("whole inference")
        right.set_title("attention")
        handles = [handle for axes in (left, right) for handle in axes.get_legend_handles_labels()[0]]
        figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return figure


# Numbers that stand on the line at 1 hide it.
_OVER_LINE = {"facecolor": "white", "edgecolor": "none", "pad": 0.3}


def _draw_bars(axes: Axes, table: Table, columns: tuple[str, ...]) -> None:
    names = [f"{r['model']}{'*' if r['stand_in'] else ''}" for r in table.rows]
    width = 0.4
    for number, column in enumerate(columns):
        label, colour = _SPEEDUPS[column]
        places = [i + (number - 0.5) * width for i in range(len(names))]
        values = table.numbers(column)
        axes.bar(places, values, width=width, color=colour, label=label, edgecolor="black", linewidth=0.4)
        for place, value in zip(places, values, strict=True):
            axes.text(place, value, f"{value:.2f}", ha="center", va="bottom", fontsize=8, bbox=_OVER_LINE)
    axes.axhline(1.0, color="black", linewidth=0.8, zorder=0.6)
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axes.grid(visible=False, axis="x")
    axes.set_ylabel("speed-up, naive / flash")
    axes.set_ylim(0, 1.12 * max(v for column in columns for v in table.numbers(column)))
