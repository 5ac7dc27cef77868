"""A workload along an axis as a table for people, within 80 columns, and as a picture. Nothing here computes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.views.figures import new_figure, save
from simulator.views.numbers import quantity
from simulator.views.style import BLUE, GREEN, GREY, VERMILION, figure_style, plain_logarithmic, prefixed

from .compare_presentation import span
from .scale import Growth, ScaledRun

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from rich.console import Console
    from rich.table import Table

__all__ = ["plot_growth", "print_growth"]

_NAMES = {"latency": "latency", "activations": "activation memory", "peak_memory": "peak memory", "energy": "energy"}


def print_growth(growth: Growth, console: Console, remarks: Sequence[str] = ()) -> None:
    """A row a value, and below what they tell together; at last some remarks."""
    console.print(f"{growth.model} on {growth.accelerator}, along its {growth.axis}", style="bold", highlight=False)
    console.print()
    console.print(_table(growth))
    console.print()
    for line in (*_notes(growth), *remarks):
        console.print(line, highlight=False)


def _table(growth: Growth) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    shared = any(run.efficiency is not None for run in growth.runs)
    middle = ("efficiency",) if shared else ("80 %", "outputs/s")
    for name in (growth.axis, "latency", *middle, "memory", "fits", "energy", "bound by"):
        table.add_column(name, justify="left" if name == "bound by" else "right", no_wrap=True)
    for run in growth.runs:
        table.add_row(*_cells(run))
    return table


def _cells(run: ScaledRun) -> tuple[str, ...]:
    name, share = max(asdict(run.bound).items(), key=lambda item: item[1])
    interval = "" if run.interval is None else span(*run.interval, "s")
    middle = (interval, f"{run.throughput:.3g}") if run.efficiency is None else (f"{100 * run.efficiency:.0f} %",)
    return (
        str(run.value),
        quantity(run.latency, "s"),
        *middle,
        quantity(run.peak_memory, "B", 3),
        "yes" if run.fits else "no",
        "" if run.energy is None else quantity(run.energy, "J", 3),
        f"{name} {100 * share:.0f} %",
    )


def _notes(growth: Growth) -> Iterator[str]:
    if growth.exponents:
        found = (f"{_NAMES[name]} {value:.2f}" for name, value in growth.exponents.items())
        yield f"Exponents of the {growth.axis}: {', '.join(found)}."
    if growth.knee is not None:
        knee = growth.knee
        yield f"Knee of the latency near {knee.size:.3g}: exponent {knee.before:.2f} below, {knee.after:.2f} above."
    if growth.most_efficient is not None:
        yield f"Each does at least half of what it does among the fewest up to {growth.most_efficient} devices."
    if growth.largest_that_fits is not None:
        capacity = quantity(growth.memory_capacity, "B")
        yield f"The largest {growth.axis} that fits into {capacity} is {growth.largest_that_fits}."
    yield from growth.remarks


def plot_growth(growth: Growth, path: Path) -> None:
    """Write a picture of latency, throughput, memory and energy.

    Raises
    ------
    PlotError
        The ending names no format, or the file cannot be written.
    """
    with figure_style():
        figure = new_figure(9, 6.4)
        (latency, throughput), (memory, energy) = figure.subplots(2, 2)
        _latency(growth, latency)
        _line(growth, throughput, "throughput [outputs/s]", [run.throughput for run in growth.runs])
        _memory(growth, memory)
        _line(growth, energy, "energy [J]", [run.energy for run in growth.runs])
        figure.suptitle(f"{growth.model} on {growth.accelerator}")
        save(figure, path)


def _line(growth: Growth, axes: Axes, label: str, values: list[float | None]) -> None:
    """Values over the axis, on logarithmic scales whose ticks are the values of the axis."""
    sizes = [run.value for run in growth.runs]
    known = [(size, value) for size, value in zip(sizes, values, strict=True) if value is not None]
    axes.plot([size for size, _ in known], [value for _, value in known], "o-", color=BLUE)
    axes.set_xscale("log")
    if known:
        plain_logarithmic(axes, "y")
    else:
        axes.text(0.5, 0.5, "not known", transform=axes.transAxes, ha="center")
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    axes.set_xlabel(growth.axis)
    axes.set_ylabel(label)


def _latency(growth: Growth, axes: Axes) -> None:
    _line(growth, axes, "latency [s]", [run.latency for run in growth.runs])
    ends = [(run.value, *run.interval) for run in growth.runs if run.interval is not None]
    if ends:
        sizes, low, high = zip(*ends, strict=True)
        axes.fill_between(sizes, low, high, color=BLUE, alpha=0.15, linewidth=0, label="80 % interval")
    if growth.knee is not None:
        axes.axvline(growth.knee.size, color=VERMILION, linestyle="--", label=f"knee near {growth.knee.size:.3g}")
    if ends or growth.knee is not None:
        axes.legend()


def _memory(growth: Growth, axes: Axes) -> None:
    _line(growth, axes, "peak memory", [float(run.peak_memory) for run in growth.runs])
    prefixed(axes, "y", "B")
    axes.axhline(growth.memory_capacity, color=GREY, linestyle=":", label="of the accelerator")
    if growth.largest_that_fits is not None:
        axes.axvline(
            growth.largest_that_fits,
            color=GREEN,
            linestyle="--",
            label=f"largest that fits: {growth.largest_that_fits}",
        )
    axes.legend()
