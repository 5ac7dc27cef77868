"""Figures of a predicted run for papers: one view a file, in the one style of all figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.profile.breakdown import by_stage_and_category
from simulator.profile.kernels import ceilings, kernel_points
from simulator.profile.lengths import sampled_calls, sequence_length
from simulator.profile.memory import memory_over_run
from simulator.profile.steps import costliest_stage, spans_of

from .figures import PlotError, check_suffix, save
from .style import BLACK, GREEN, GREY, KIND_COLOURS, ORANGE, PART_COLOURS, PART_LABELS, SKY, figure_style, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from simulator.report import Report
    from simulator.simulation import Simulation

__all__ = ["VIEWS", "PlannedPlot", "draw_plot", "planned_plot"]

_COLOURS = {**PART_COLOURS, "normalization": PART_COLOURS["group_norm"]}
_MARKS = "osD^vP*X<>hp"
_LANE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPlot:
    """A view of a run, one of :data:`VIEWS`, and the file that it is drawn to."""

    view: str
    path: Path


def planned_plot(text: str) -> PlannedPlot:
    """What an option asks for: ``roofline.pdf``, or ``roofline=figures/3.pdf``.

    Raises
    ------
    PlotError
        There is no such view, or the ending names no format.
    """
    view, equals, name = text.partition("=")
    path = Path(name if equals else text)
    view = view if equals else path.stem
    if view not in VIEWS:
        valid = ", ".join(VIEWS)
        raise PlotError(f"--plot {text}: no view {view!r}; valid: {valid}, as roofline.pdf or roofline=FILE.pdf")
    check_suffix(path)
    return PlannedPlot(view=view, path=path)


def draw_plot(
    plot: PlannedPlot, simulation: Simulation, report: Report, others: Mapping[str, Report] | None = None
) -> None:
    """Draw one view of a run to its file.

    Parameters
    ----------
    plot : PlannedPlot
    simulation : Simulation
    report : Report
    others : mapping of str to Report, optional
        The same run with attention run in other ways, for the breakdown.

    Raises
    ------
    PlotError
        The file cannot be written.
    """
    draw, size = VIEWS[plot.view]
    with figure_style():
        figure, (axes,) = panels(1, 1, size=size)
        draw(axes, simulation, {report.execution["attention"]: report, **(others or {})})
        save(figure, plot.path)


def _title(axes: Axes, reports: Mapping[str, Report], what: str) -> None:
    report = next(iter(reports.values()))
    axes.set_title(f"{report.model} on {report.accelerator}: {what}")


def _beside(axes: Axes, **more: str) -> None:
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), **more)


def _roofline(axes: Axes, simulation: Simulation, reports: Mapping[str, Report]) -> None:
    """Every kernel a mark as large as its time, under the ceilings."""
    points = [p for p in kernel_points(simulation) if p.operations > 0 and p.bytes > 0]
    total = sum(p.total for p in points) or 1.0
    for category, mark in zip(_categories(p.category for p in points), _MARKS, strict=False):
        own = [p for p in points if p.category == category]
        axes.scatter(
            [p.intensity for p in own],
            [p.rate for p in own],
            s=[8 + 500 * p.total / total for p in own],
            marker=mark,
            color=_COLOURS[category],
            edgecolors=BLACK,
            linewidths=0.4,
            alpha=0.75,
            label=_label(category),
        )
    roofs = ceilings(simulation)
    top = max((c.rate for c in roofs if c.kind == "arithmetic"), default=1.0)
    ends = (min(p.intensity for p in points) / 2, 2 * max(p.intensity for p in points)) if points else (0.1, 1e3)
    for roof, dash in zip(roofs, ("-", "--", ":", "-.", (0, (1, 3)), (0, (6, 1, 1, 1))), strict=False):
        high = min(ends[1], top / roof.rate) if roof.kind == "memory" else ends[1]
        x = (ends[0], high)
        y = [roof.rate * value for value in x] if roof.kind == "memory" else [roof.rate] * 2
        axes.plot(x, y, linestyle=dash, color=BLACK if roof.published else GREY, linewidth=1.0, label=roof.name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("operations by byte of compulsory traffic [FLOP/B]")
    axes.set_ylabel("attained rate [FLOP/s]")
    _title(axes, reports, "roofline")
    _beside(axes)


def _categories(names: Iterable[str]) -> list[str]:
    present = set(names)
    return [name for name in _COLOURS if name in present]


def _label(category: str) -> str:
    return "normalization" if category == "normalization" else PART_LABELS[category]


def _breakdown(axes: Axes, simulation: Simulation, reports: Mapping[str, Report]) -> None:
    """Latency by category: each stage, and the whole run with each attention."""
    bars: dict[str, Mapping[str, float]] = {
        f"attention {name}": {c: entry.latency for c, entry in report.by_category.items()}
        for name, report in reports.items()
    }
    bars |= by_stage_and_category(simulation.timeline)
    for category in _categories(c for own in bars.values() for c in own):
        left = [sum(v for c, v in own.items() if _before(c, category)) for own in bars.values()]
        width = [own.get(category, 0.0) for own in bars.values()]
        axes.barh(
            list(bars),
            width,
            left=left,
            color=_COLOURS[category],
            edgecolor=BLACK,
            linewidth=0.4,
            label=_label(category),
        )
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("latency [s]")
    _title(axes, reports, "where the time goes")
    _beside(axes)


def _before(one: str, other: str) -> bool:
    order = list(_COLOURS)
    return order.index(one) < order.index(other)


def _timeline(axes: Axes, simulation: Simulation, reports: Mapping[str, Report]) -> None:
    """Kernels of the first run of the costliest stage, a lane a category, and launches of the host."""
    stage = costliest_stage(simulation)
    if stage is None:
        return
    spans = spans_of(simulation, stage)
    lanes = _categories(s.span.category for s in spans)
    axes.plot([1e3 * s.span.launched for s in spans], [0.0] * len(spans), "|", color=BLACK, markersize=10)
    for lane, category in enumerate(lanes, start=1):
        own = [(1e3 * s.span.start, 1e3 * s.span.duration) for s in spans if s.span.category == category]
        axes.broken_barh(own, (lane - _LANE / 2, _LANE), color=_COLOURS[category], linewidth=0.3)
    axes.set_yticks(range(len(lanes) + 1), ["host launches", *map(_label, lanes)])
    axes.invert_yaxis()
    axes.set_xlabel("time since the step began [ms]")
    _title(axes, reports, f"one run of {stage.launches.stage.name}")


def _lengths(axes: Axes, simulation: Simulation, reports: Mapping[str, Report]) -> None:
    """Sequence length of each attention call in order."""
    calls = sampled_calls(simulation.launches.graph)
    kinds = list(dict.fromkeys(call.kind for call in calls))
    for kind, mark in zip(kinds, _MARKS, strict=False):
        own = [(number, sequence_length(call)) for number, call in enumerate(calls) if call.kind == kind]
        axes.plot(*zip(*own, strict=True), mark, color=KIND_COLOURS.get(kind, GREY), markersize=4, label=kind)
    stages = [call.stage for call in calls]
    for number, name in enumerate(stages):
        if number and name != stages[number - 1]:
            axes.axvline(number - 0.5, color=GREY, linewidth=0.8, linestyle=":")
    for name in dict.fromkeys(stages):
        middle = stages.index(name) + stages.count(name) / 2
        above = axes.get_xaxis_transform()
        axes.text(middle, 1.0, name, transform=above, ha="left", va="bottom", rotation=20, fontsize=8)
    if calls:
        axes.set_yscale("log", base=2)
        _beside(axes, title="attention")
    axes.set_xlabel("attention call, in order")
    axes.set_ylabel("sequence length [tokens]")
    report = next(iter(reports.values()))
    axes.set_title(f"{report.model}: sequence lengths over the run", pad=42)


def _memory(axes: Axes, simulation: Simulation, reports: Mapping[str, Report]) -> None:
    """Memory in use over one run of each stage."""
    report, stages = next(iter(reports.values())), memory_over_run(simulation)
    held = report.memory.libraries + report.memory.allocator + report.memory.context
    x = [number + float(share) for number, stage in enumerate(stages) for share in stage.share]
    weights = [stage.weights for stage in stages for _ in stage.share]
    activations = [int(value) for stage in stages for value in stage.activations]
    workspaces = [int(value) for stage in stages for value in stage.workspaces]
    layers = [[value / 1e9 for value in layer] for layer in ([held] * len(x), weights, activations, workspaces)]
    labels = ("libraries, allocator, driver", "weights", "activations", "workspaces")
    axes.stackplot(x, *layers, labels=labels, colors=(GREY, SKY, ORANGE, GREEN), linewidth=0)
    axes.axhline(report.memory_capacity / 1e9, color=BLACK, linestyle="--", linewidth=1.2, label="capacity")
    axes.set_xticks([number + 0.5 for number in range(len(stages))], [stage.stage for stage in stages], rotation=15)
    axes.set_ylabel("memory [GB]")
    axes.set_ylim(bottom=0)
    _title(axes, reports, "memory over the run")
    _beside(axes)


Draw = Callable[["Axes", "Simulation", Mapping[str, "Report"]], None]

#: Views by name: how each is drawn, and how large. [inch]
VIEWS: Mapping[str, tuple[Draw, tuple[float, float]]] = {
    "roofline": (_roofline, (9.5, 5.0)),
    "breakdown": (_breakdown, (9.5, 4.2)),
    "timeline": (_timeline, (10.0, 4.2)),
    "lengths": (_lengths, (9.5, 4.2)),
    "memory": (_memory, (9.5, 4.0)),
}
