"""Attention and convolution time of a latent diffusion model as the image grows, naive and flash."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulator.views.style import BLUE, GREEN, ORANGE, SKY, figure_style, panels
from simulator.whatif.exponents import fitted_exponent
from validation.study.attribution import ATTRIBUTIONS, LaunchTimes, launch_times
from validation.study.laboratory import Laboratory
from validation.study.section import Section
from validation.study.study import ATTENTION
from validation.study.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw", "growth_table", "section", "size_table"]

_PARTS = ("attention", "convolution", "linear", "other")
_UNITS = {
    "image_size": "pixel",
    "attention": "",
    "attribution": "",
    "part": "",
    "time": "s",
    "share": "",
    "flops": "FLOP",
}
_GROWTH_UNITS = {
    "attention": "",
    "attribution": "",
    "part": "",
    "exponent_time": "",
    "exponent_flops": "",
    "growth_time": "",
}
_SHOWS = (
    "Kernel time of one inference of {model} for square images of growing side: attention by module (with "
    "its projections) and by operator, convolution, and linear layers. Exponents are slopes of straight lines through"
    " the logarithms of time and side, over all sizes: 2 is growth with the number of pixels, 4 with its square."
)


def section(laboratory: Laboratory) -> Section:
    """Time by image size."""
    table = size_table(laboratory)
    growth = growth_table(table)
    return Section(
        name="image_size",
        title="Attention and convolution as the image grows",
        shows=_SHOWS.format(model=laboratory.image_model.name),
        tables=(table, growth),
        draw=lambda: draw(table),
        alt="Kernel time of attention and convolution against the side of the image, naive and fused attention.",
        remarks=_remarks(growth),
    )


def size_table(laboratory: Laboratory) -> Table:
    """One row for each size, attention, attribution and part."""
    rows = []
    for size in laboratory.study.sweeps.image_sizes:
        graph = laboratory.graph(laboratory.image_model, height=size, width=size)
        for attention in ATTENTION:
            times = launch_times(laboratory.simulation(graph, attention))
            for attribution in ATTRIBUTIONS:
                for part in _PARTS:
                    chosen = _launches(times, attribution, part)
                    time, flops = float(times.time[chosen].sum()), float(times.flops[chosen].sum())
                    rows.append((size, attention, attribution, part, time, time / times.total, flops))
    title = f"Kernel time of {laboratory.image_model.name} by image size"
    return Table.of("image_size", title, _UNITS, rows)


def _launches(times: LaunchTimes, attribution: str, part: str) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    found = times.parts(attribution)
    attention = np.char.startswith(found, "attention_")
    if part == "attention":
        return attention
    named = np.isin(found, _PARTS)
    return found == part if part != "other" else ~(attention | named)


def growth_table(table: Table) -> Table:
    """Exponents of time and FLOPs in the side of the image, and growth from the smallest to the largest."""
    rows = []
    for attention in ATTENTION:
        for attribution in ATTRIBUTIONS:
            for part in _PARTS:
                chosen = {"attention": attention, "attribution": attribution, "part": part}
                sizes, times = (table.numbers(name, **chosen) for name in ("image_size", "time"))
                flops = table.numbers("flops", **chosen)
                exponent = fitted_exponent(sizes, flops) if min(flops) > 0 else None
                rows.append(
                    (attention, attribution, part, fitted_exponent(sizes, times), exponent, times[-1] / times[0])
                )
    return Table.of("image_size_growth", "Growth of kernel time with the side of the image", _GROWTH_UNITS, rows)


def _remarks(growth: Table) -> tuple[str, ...]:
    def exponent(attention: str, attribution: str, part: str) -> float:
        return growth.number("exponent_time", attention=attention, attribution=attribution, part=part)

    return tuple(
        f"With {attention} attention, time grows with the side to the power "
        f"{exponent(attention, 'module', 'attention'):.2f} for attention modules, "
        f"{exponent(attention, 'operator', 'attention'):.2f} for attention operators, and "
        f"{exponent(attention, 'operator', 'convolution'):.2f} for convolution."
        for attention in ATTENTION
    )


def draw(table: Table) -> Figure:
    """Time against size, one panel a kind of attention, on the same axes."""
    with figure_style():
        figure, axes = panels(1, 2, size=(11, 4.8))
        for panel, attention in zip(axes, ATTENTION, strict=True):
            _draw_panel(panel, table, attention)
            panel.set_title(f"{attention} attention")
        low, high = (f(panel.get_ylim()[i] for panel in axes) for i, f in ((0, min), (1, max)))
        for panel in axes:
            panel.set_ylim(low, high)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


_LINES = (
    ("attention, by module", "module", "attention", BLUE, "o-"),
    ("attention, by operator", "operator", "attention", SKY, "o--"),
    ("convolution", "operator", "convolution", ORANGE, "s-"),
    ("linear, outside attention", "module", "linear", GREEN, "^-"),
)


def _draw_panel(axes: Axes, table: Table, attention: str) -> None:
    for label, attribution, part, colour, style in _LINES:
        chosen = {"attention": attention, "attribution": attribution, "part": part}
        axes.plot(
            table.numbers("image_size", **chosen), table.numbers("time", **chosen), style, color=colour, label=label
        )
    sizes = sorted({float(str(size)) for size in table.distinct("image_size")})
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
    axes.minorticks_off()
    axes.set_xlabel("side of the image [pixel]")
    axes.set_ylabel("kernel time of one inference [s]")
