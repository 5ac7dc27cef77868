"""Memory of the similarity matrices: the study's formula against the graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.graph import OpGraph
from tracer.lengths import AttentionCall, attention_calls

from .exponents import local_exponents
from .laboratory import Laboratory
from .section import Section
from .style import BLACK, BLUE, GREEN, ORANGE, VERMILION, panels, study_style
from .suite import LATENT_DIFFUSION
from .table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw", "formula_bytes", "graph_bytes", "memory_table", "section", "sites_bytes"]

_BYTES = 2.0
_DOWNSAMPLING = 8
_DEPTH = 3
_TEXT = 77
# Self-attention (and as many cross-attention) sites of Stable Diffusion at each level: two on the way down, three on
# the way up, one at the bottom.
_SITES = (5, 5, 5, 1)

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
    "Bytes of the similarity matrices (scores) of one U-Net forward of Stable Diffusion at 16 bits, for one head and "
    "one image. The formula is the study's as remembered: 2 HW (HW + text) bytes for a pair of self- and "
    "cross-attention, summed over the levels of a symmetric U-Net, once on the way down and once up, plus the bottom."
    " The same formula with the model's own number of sites at each level (2 down, 3 up) must equal the sum over the "
    "graph's attention calls, and does. Peak memory is that of the whole pipeline, weights included: attention that "
    "stores its scores holds one call's matrices at a time, for all heads and both halves of guidance."
)


def section(laboratory: Laboratory) -> Section:
    """Memory by image size."""
    table = memory_table(laboratory)
    return Section(
        name="similarity_memory",
        title="Memory of the similarity matrices",
        shows=_SHOWS,
        tables=(table,),
        draw=lambda: draw(table),
        alt="Bytes of similarity matrices and peak memory against the side of the image, on logarithmic axes.",
    )


def formula_bytes(side: int, *, text: int = _TEXT, depth: int = _DEPTH) -> float:
    r"""Similarity matrices of a symmetric U-Net, the formula as remembered. [B]

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
    return sites_bytes(side, text=text, sites=(*([2] * depth), 1))


def sites_bytes(side: int, *, text: int, sites: Sequence[int] = _SITES) -> float:
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
    sizes = laboratory.settings.length_sizes
    graphs = [laboratory.graph(LATENT_DIFFUSION, height=size, width=size) for size in sizes]
    stage = LATENT_DIFFUSION.main_stage
    sums = [graph_bytes(graph, stage) for graph in graphs]
    formula = [formula_bytes(size // _DOWNSAMPLING) for size in sizes]
    exponents = zip(local_exponents(sizes, formula), local_exponents(sizes, sums), strict=True)
    rows = [
        (
            size,
            size // _DOWNSAMPLING,
            printed,
            sites_bytes(size // _DOWNSAMPLING, text=_TEXT),
            total,
            sum(_all_heads(c) for c in _calls(graph, stage)),
            max(_all_heads(c) for c in _calls(graph, stage)),
            laboratory.simulation(graph, "naive").report.peak_memory,
            laboratory.simulation(graph, "flash").report.peak_memory,
            *growth,
        )
        for size, printed, graph, total, growth in zip(sizes, formula, graphs, sums, exponents, strict=True)
    ]
    return Table.of("similarity_memory", "Similarity matrices of one U-Net forward of Stable Diffusion", _UNITS, rows)


def draw(table: Table) -> Figure:
    """Bytes against image size: sums on the left, the pipeline's peak on the right."""
    with study_style():
        figure, (left, right) = panels(1, 2, size=(11, 5.0))
        _draw_sums(left, table)
        _draw_peak(right, table)
        for axes in (left, right):
            _size_axis(axes, table)
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
    return figure


def _draw_sums(axes: Axes, table: Table) -> None:
    sizes = table.numbers("image_size")
    graph = table.numbers("graph")
    axes.plot(sizes, _mega(graph), "o-", color=BLUE, label="graph: 32 sites, one head")
    axes.plot(
        sizes, _mega(table.numbers("formula_all_sites")), "x", color=BLACK, markersize=9, label="formula, 32 sites"
    )
    axes.plot(sizes, _mega(table.numbers("formula")), "s-", color=ORANGE, label="formula, 14 sites")
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
