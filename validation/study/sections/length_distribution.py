"""Distribution of the sequence lengths of self-attention by image size."""

from __future__ import annotations

from collections import Counter
from math import log2
from typing import TYPE_CHECKING

from simulator.views.style import KIND_COLOURS, figure_style, panels
from tracer.graph import OpGraph
from tracer.lengths import attention_calls
from validation.study.laboratory import Laboratory
from validation.study.section import Section
from validation.study.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["distribution_table", "draw", "section", "self_lengths"]

_UNITS = {
    "image_size": "pixel",
    "latent_side": "",
    "sequence_length": "tokens",
    "calls": "",
    "share": "",
}
_SHOWS = (
    "Self-attention calls of one U-Net forward of {model} by sequence length, for several image sizes. Four "
    "levels make four lengths, a factor of 4 apart, since each level halves both sides."
)


def section(laboratory: Laboratory) -> Section:
    """Lengths by image size."""
    table = distribution_table(laboratory)
    return Section(
        name="length_distribution",
        title="Distribution of sequence lengths by image size",
        shows=_SHOWS.format(model=laboratory.image_model.name),
        tables=(table,),
        draw=lambda: draw(table),
        alt="Bars of self-attention calls by sequence length, one panel an image size.",
    )


def distribution_table(laboratory: Laboratory) -> Table:
    """One row for each image size and length."""
    rows = []
    model = laboratory.image_model
    for size in laboratory.study.sweeps.length_sizes:
        graph = laboratory.graph(model, height=size, width=size)
        lengths = self_lengths(graph, model.main_stage)
        for length, calls in sorted(Counter(lengths).items()):
            rows.append((size, size // laboratory.latent_images.downsampling, length, calls, calls / len(lengths)))
    return Table.of("length_distribution", "Self-attention calls of one U-Net forward", _UNITS, rows)


def self_lengths(graph: OpGraph, stage: str) -> list[int]:
    """Sequence length of each self-attention call of one run of a stage, in order."""
    return [c.query_length for c in attention_calls(graph) if c.stage == stage and c.kind != "cross"]


def draw(table: Table) -> Figure:
    """One panel an image size, on one axis of lengths."""
    with figure_style():
        sizes = table.distinct("image_size")
        figure, axes = panels(1, len(sizes), size=(12, 3.6))
        for panel, size in zip(axes, sizes, strict=True):
            lengths = table.numbers("sequence_length", image_size=size)
            calls = table.numbers("calls", image_size=size)
            panel.bar([log2(n) for n in lengths], calls, width=0.8, color=KIND_COLOURS["spatial"])
            for length, count in zip(lengths, calls, strict=True):
                panel.text(log2(length), count, f"{length:g}", ha="center", va="bottom", fontsize=8)
            panel.set_xlim(3, 15.2)
            panel.set_ylim(0, 6)
            panel.set_xticks([4, 6, 8, 10, 12, 14], [f"$2^{{{n}}}$" for n in (4, 6, 8, 10, 12, 14)])
            panel.grid(visible=False, axis="x")
            panel.set_title(f"{size} x {size} pixels")
        axes[0].set_ylabel("self-attention calls of one forward")
        figure.supxlabel("sequence length [tokens]", fontsize=10)
    return figure
