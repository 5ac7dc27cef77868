"""Work of single stages of a model."""

from __future__ import annotations

from simulator.work import UnsupportedOpError, work_of
from tracer.graph import OpGraph, Stage
from tracer.operators import is_free

__all__ = ["stage_flops"]


def stage_flops(graph: OpGraph, stage: Stage) -> float:
    """FLOPs of products, convolutions and attention in one run, the mean of first and last where a stage grows. [FLOP]

    Exact for a stage that grows too, whose work is affine in the length.
    """
    ends = (stage.operators,) if stage.grown is None else (stage.operators, stage.grown)
    memo = {index: _flops(graph, index) for index in {int(i) for end in ends for i in end}}
    return sum(memo[int(i)] for end in ends for i in end) / len(ends)


def _flops(graph: OpGraph, index: int) -> float:
    op = graph.operators[index]
    if is_free(op.name):
        return 0.0
    try:
        return work_of(op).contraction_flops
    except UnsupportedOpError:
        return 0.0  # The report of the simulation counts and names operators without a formula.
