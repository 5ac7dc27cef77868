"""Sequence lengths of attention over a run: a few repeats of each stage, in the order in which calls run."""

from __future__ import annotations

from tracer.graph import OpGraph
from tracer.lengths import AttentionCall, attention_calls

__all__ = ["GROWING_REPEATS", "REPEATS", "sampled_calls", "sequence_length"]

#: Repeats of a stage that are listed: of those that are all alike, and of one that decodes token by token.
REPEATS, GROWING_REPEATS = 2, 33


def sequence_length(call: AttentionCall) -> int:
    """Tokens in the sequence: the queries, or what a single query of a decoding step looks back on."""
    return call.key_length if call.query_length == 1 else call.query_length


def sampled_calls(graph: OpGraph) -> list[AttentionCall]:
    """Attention calls of :data:`REPEATS` of each stage; of one that grows, the first of each kind in spread repeats."""
    growing = {stage.name for stage in graph.stages if stage.grown is not None}
    steady = [c for c in attention_calls(graph, repeats=REPEATS) if c.stage not in growing]
    first: dict[tuple[str, int, str], AttentionCall] = {}
    for call in attention_calls(graph, repeats=GROWING_REPEATS) if growing else ():
        if call.stage in growing:
            first.setdefault((call.stage, call.repeat, call.kind), call)
    order = {stage.name: number for number, stage in enumerate(graph.stages)}
    return sorted((*steady, *first.values()), key=lambda c: order[c.stage])
