"""Sequence lengths over inference: every attention call of a graph in order, with its lengths and kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .graph import Op, OpGraph, Stage
from .operators import Kind, kind_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["AttentionCall", "attention_calls", "plot_lengths"]

_COLOURS = {
    "spatial": "#1f77b4",
    "self": "#7f7f7f",
    "cross": "#2ca02c",
    "temporal": "#d62728",
    "joint": "#9467bd",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionCall:
    """One attention call.

    Attributes
    ----------
    stage : str
    repeat : int
        Repeat of the stage that the call belongs to, from 0.
    position : int
        Position among the attention calls of one repeat, from 0.
    module : str
    kind : str
        ``spatial``, ``temporal``, ``cross``, ``joint`` or ``self``.
    query_length, key_length : int
        Tokens.
    sequences : int
        Independent sequences: batch, and whatever axes the layout folds into it.
    heads, head_dim : int
    """

    stage: str
    repeat: int
    position: int
    module: str
    kind: str
    query_length: int
    key_length: int
    sequences: int
    heads: int
    head_dim: int


def attention_calls(graph: OpGraph, *, repeats: int = 1) -> Iterator[AttentionCall]:
    """Attention calls in the order in which they run.

    Parameters
    ----------
    graph : OpGraph
    repeats : int
        Repeats of each stage to list. Repeats of a stage that does not grow are all alike; of one that grows, the
        listed repeats are spread evenly from the first to the last.
    """
    for stage in graph.stages:
        attending = _attending(graph, stage)
        for repeat in _spread(stage.repeats, repeats):
            yield from _calls_of(stage, repeat, attending)


def plot_lengths(graph: OpGraph, *, repeats: int = 2) -> Figure:
    """Query length of each attention call in order, on a logarithmic axis, coloured by kind; stages side by side."""
    from matplotlib.figure import Figure

    calls = list(attention_calls(graph, repeats=repeats))
    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.add_subplot()
    for kind, colour in _COLOURS.items():
        points = [(i, c.query_length) for i, c in enumerate(calls) if c.kind == kind]
        if points:
            axes.plot(*zip(*points, strict=True), ".", color=colour, label=kind)
    _mark_stages(axes, calls)
    axes.set_yscale("log", base=2)
    axes.set_xlabel(f"attention call, in order (at most {repeats} repeats of each stage)")
    axes.set_ylabel("query length [tokens]")
    axes.set_title(f"{graph.name}: sequence length over inference", pad=28)
    axes.legend(title="attention", loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    axes.grid(axis="y", alpha=0.3)
    return figure


def _spread(total: int, wanted: int) -> list[int]:
    if wanted >= total:
        return list(range(total))
    return sorted({round(i * (total - 1) / max(wanted - 1, 1)) for i in range(wanted)})


def _attending(graph: OpGraph, stage: Stage) -> list[tuple[Op, Op, str]]:
    """Operator of the first repeat and of the last, and module, of each attention call of a stage."""
    grown = stage.operators if stage.grown is None else stage.grown
    return [
        (graph.operators[first], graph.operators[last], graph.modules[module])
        for first, last, module in zip(stage.operators.tolist(), grown.tolist(), stage.modules.tolist(), strict=True)
        if kind_of(graph.operators[first].name) in (Kind.ATTENTION, Kind.PAGED_ATTENTION)
    ]


def _calls_of(stage: Stage, repeat: int, attending: Sequence[tuple[Op, Op, str]]) -> Iterator[AttentionCall]:
    at = repeat / max(stage.repeats - 1, 1)
    for position, (first, last, module) in enumerate(attending):
        yield _attention_call(first, last, at, stage.name, repeat, position, module)


def _attention_call(
    first: Op, last: Op, at: float, stage: str, repeat: int, position: int, module: str
) -> AttentionCall:
    def extent(tensor: int, axis: int) -> int:
        a, b = first.inputs[tensor].shape[axis], last.inputs[tensor].shape[axis]
        return round(a + (b - a) * at)

    query = first.inputs[0]
    sequences = query.numel // (query.shape[-3] * query.shape[-2] * query.shape[-1])
    return AttentionCall(
        stage=stage,
        repeat=repeat,
        position=position,
        module=module,
        kind=str(first.attribute("kind", "self")),
        query_length=extent(0, -2),
        key_length=extent(1, -2),
        sequences=sequences,
        heads=query.shape[-3],
        head_dim=query.shape[-1],
    )


def _mark_stages(axes: Axes, calls: Sequence[AttentionCall]) -> None:
    """Name each stage above its calls, with a line where the next begins."""
    starts = [i for i, c in enumerate(calls) if i == 0 or c.stage != calls[i - 1].stage]
    for number, start in enumerate(starts):
        end = starts[number + 1] if number + 1 < len(starts) else len(calls)
        if number:
            axes.axvline(start - 0.5, color="black", linewidth=0.6, alpha=0.5)
        axes.text(
            (start + end - 1) / 2,
            1.01,
            calls[start].stage,
            transform=axes.get_xaxis_transform(),
            ha="center",
            va="bottom",
            fontsize=7,
            rotation=20 if len(starts) > 3 else 0,
        )
