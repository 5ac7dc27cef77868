"""Memory of the similarity matrices: a formula of latent size against the graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.views.style import BLACK, BLUE, GREEN, ORANGE, VERMILION, figure_style, panels
from simulator.whatif.exponents import local_exponents
from tracer.graph import OpGraph
from tracer.lengths import AttentionCall, attention_calls
from validation.study.laboratory import Laboratory
from validation.study.section import Section
from validation.study.study import ATTENTION, LatentImages
from validation.study.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw", "formula_bytes", "graph_bytes", "memory_table", "section", "sites_bytes"]

_BYTES = 2.0

_UNITS = {
    "image_size": "pixel",
    "latent_side": "",
    "formula": "B",
    "formula_all_sites": "B",
    "graph": "B",
    "graph_all_heads": "B",
    "largest_call": "B",
    "peak_naive": "B",
    "peak_flash": "B",
    "exponent_formula": "",
    "exponent_graph": "",
}
_SHOWS = (
    "Bytes of the similarity matrices (scores) of one U-Net forward of {model} at 16 bits, for one head and one image. "
    "The formula counts 2 HW (HW + text) bytes for a pair of self- and cross-attention, summed over the levels of a "
    "symmetric U-Net, once on the way down and once up, plus the bottom. The same formula with the model's own number "
    "of sites at each level must equal the sum over the graph's attention calls, and does. Peak memory is that of the "
    "whole pipeline, weights included: attention that stores its scores holds one call's matrices at a time, for all "
    "heads and both halves of guidance."
)


def section(laboratory: Laboratory) -> Section:
    """Memory by image size."""
    table = memory_table(laboratory)
    return Section(
        name="similarity_memory",
        title="Memory of the similarity matrices",
        shows=_SHOWS.format(model=laboratory.image_model.name),
        tables=(table,),
        draw=lambda: draw(table, laboratory.latent_images),
        alt="Bytes of similarity matrices and peak memory against the side of the image, on logarithmic axes.",
    )


def formula_bytes(side: int, *, text: int, depth: int) -> float:
    r"""Similarity matrices of a symmetric U-Net with one pair of attention sites at each level, down and up. [B]

    .. math::
        2 \cdot 2 \sum_{n=0}^{depth-1} \frac{L^2}{4^n} \left(\frac{L^2}{4^n} + text\right)
        + 2 \frac{L^2}{4^{depth}} \left(\frac{L^2}{4^{depth}} + text\right)

    Parameters
    ----------
    side : int
        Side L of the latent image.
    text : int
        Length of the encoded text.
    depth : int
        Times that the U-Net halves the sides.
    """
    return sites_bytes(side, text=text, sites=_symmetric(depth))


def _symmetric(depth: int) -> tuple[int, ...]:
    """Sites at each level of the formula."""
    return (*([2] * depth), 1)


def sites_bytes(side: int, *, text: int, sites: Sequence[int]) -> float:
    """Similarity matrices with a number of self- and cross-attention pairs at each level. [B]"""
    pixels = [side * side / 4**level for level in range(len(sites))]
    return float(sum(count * _BYTES * n * (n + text) for count, n in zip(sites, pixels, strict=True)))


def graph_bytes(graph: OpGraph, stage: str) -> float:
    """Similarity matrices of one run of a stage, one head and one image. [B]"""
    return sum(_BYTES * c.query_length * c.key_length for c in _calls(graph, stage))


def _calls(graph: OpGraph, stage: str) -> list[AttentionCall]:
    return [c for c in attention_calls(graph) if c.stage == stage]


def _all_heads(call: AttentionCall) -> float:
    return _BYTES * call.sequences * call.heads * call.query_length * call.key_length


def memory_table(laboratory: Laboratory) -> Table:
    """One row an image size."""
    case, model = laboratory.latent_images, laboratory.image_model
    sizes = laboratory.study.sweeps.length_sizes
    sides = [size // case.downsampling for size in sizes]
    graphs = [laboratory.graph(model, height=size, width=size) for size in sizes]
    sums = [graph_bytes(graph, model.main_stage) for graph in graphs]
    formula = [formula_bytes(side, text=case.text_tokens, depth=case.depth) for side in sides]
    exponents = zip(local_exponents(sizes, formula), local_exponents(sizes, sums), strict=True)
    rows = [
        (
            size,
            side,
            printed,
            sites_bytes(side, text=case.text_tokens, sites=case.sites),
            total,
            *_of_graph(laboratory, graph, model.main_stage),
            *growth,
        )
        for size, side, printed, graph, total, growth in zip(
            sizes, sides, formula, graphs, sums, exponents, strict=True
        )
    ]
    title = f"Similarity matrices of one U-Net forward of {model.name}"
    return Table.of("similarity_memory", title, _UNITS, rows)


def _of_graph(laboratory: Laboratory, graph: OpGraph, stage: str) -> tuple[float, ...]:
    """Matrices of all heads, of all calls and of the largest, and peak memory with naive and fused attention. [B]"""
    calls = [_all_heads(call) for call in _calls(graph, stage)]
    peaks = (laboratory.simulation(graph, attention).report.memory.allocated for attention in ATTENTION)
    return (sum(calls), max(calls), *peaks)


def draw(table: Table, case: LatentImages) -> Figure:
    """Bytes against image size: sums on the left, the pipeline's peak on the right."""
    with figure_style():
        figure, (left, right) = panels(1, 2, size=(11, 5.0))
        _draw_sums(left, table, case)
        _draw_peak(right, table)
        for axes in (left, right):
            _size_axis(axes, table)
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
    return figure


def _draw_sums(axes: Axes, table: Table, case: LatentImages) -> None:
    sizes = table.numbers("image_size")
    graph, own = table.numbers("graph"), 2 * sum(case.sites)
    axes.plot(sizes, _mega(graph), "o-", color=BLUE, label=f"graph: {own} sites, one head")
    every = _mega(table.numbers("formula_all_sites"))
    axes.plot(sizes, every, "x", color=BLACK, markersize=9, label=f"formula, {own} sites")
    few = f"formula, {2 * sum(_symmetric(case.depth))} sites"
    axes.plot(sizes, _mega(table.numbers("formula")), "s-", color=ORANGE, label=few)
    reference = [graph[-1] / 1e6 * (size / sizes[-1]) ** 4 for size in sizes]
    axes.plot(sizes, reference, "--", color="#555555", linewidth=1.2, label="fourth power of the side")
    axes.set_yscale("log")
    axes.set_ylabel("similarity matrices [MB]")
    axes.set_title("One U-Net forward, one head, one image")


def _draw_peak(axes: Axes, table: Table) -> None:
    sizes = table.numbers("image_size")
    axes.plot(sizes, _giga(table.numbers("peak_naive")), "o-", color=VERMILION, label="peak, naive attention")
    axes.plot(sizes, _giga(table.numbers("peak_flash")), "s-", color=GREEN, label="peak, flash attention")
    axes.set_ylim(bottom=0)
    axes.set_ylabel("memory [GB]")
    axes.set_title("Whole pipeline, weights included")


def _size_axis(axes: Axes, table: Table) -> None:
    sizes = table.numbers("image_size")
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
    axes.minorticks_off()
    axes.set_xlabel("side of the image [pixel]")


def _mega(values: Sequence[float]) -> list[float]:
    return [value / 1e6 for value in values]


def _giga(values: Sequence[float]) -> list[float]:
    return [value / 1e9 for value in values]
