"""Layers that ``fuse_qkv_projections`` of diffusers makes: one of several projections of one input, which stay too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from simulator.lowering.quantization.layers import layer_of
from tracer.graph import OpGraph, Stage, StorageRole

__all__ = ["projection_copies"]


def projection_copies(graph: OpGraph, component: str) -> int:
    """Weights of the linear layers of one attention that share their input, which is what the fused ones hold. [B]

    Parameters
    ----------
    graph : OpGraph
        With weights as they are loaded.
    component : str
        The one whose projections are fused; models/attention_processor.py, ``fuse_projections``.
    """
    shared: defaultdict[tuple[str, int], set[int]] = defaultdict(set)
    for stage in (stage for stage in graph.stages if stage.component == component):
        for parent, data, weight in _layers(graph, stage):
            shared[parent, data].add(weight)
    fused = set().union(*(weights for weights in shared.values() if len(weights) > 1))
    return int(sum(graph.storage_bytes[weight] for weight in fused))


def _layers(graph: OpGraph, stage: Stage) -> Iterator[tuple[str, int, int]]:
    """Module above, storage of the input and storage of the weight of each linear layer of a stage."""
    known = [layer_of(op) for op in graph.operators]
    at = 0
    for operator, module in zip(stage.operators.tolist(), stage.modules.tolist(), strict=True):
        first, at = at, at + len(graph.operators[operator].inputs)
        layer = known[operator]
        if layer is None:
            continue
        data, weight = (int(stage.inputs[first + place]) for place in layer.operands[:2])
        if graph.storage_roles[weight] == int(StorageRole.PARAMETER):
            yield graph.modules[module].rpartition(".")[0], data, weight
