"""Operators of a graph as engines merge them: products of one input by several weights as one.

Serving engines keep the weights of queries, keys and values in one matrix, and those of a gate and what it gates
(``QKVParallelLinear`` and ``MergedColumnParallelLinear`` of vLLM and SGLang, vllm/model_executor/layers/linear.py;
``fuse_qkv_projections`` of diffusers).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from simulator.projection.operator_times import can_predict
from tracer.graph import Op, OpGraph, Stage, TensorSpec
from tracer.operators import PRODUCTS, Kind, is_free, kind_of

__all__ = ["merged"]

# Position of what is multiplied; its weight comes next.
_FACTOR = {Kind.PRODUCT: 0, Kind.LINEAR: 0, Kind.BIASED_PRODUCT: 1}


def merged(graph: OpGraph) -> list[Op]:
    """Operators of a run that launch something, each product that reads what the last one reads joined to that."""
    return [op for stage in graph.stages for op in [*_stage(graph, stage)] * stage.repeats]


def _stage(graph: OpGraph, stage: Stage) -> Iterator[Op]:
    able = [can_predict(op) and not is_free(op.name) for op in graph.operators]
    found: list[Op] = []
    product, read = -1, (-1, "")
    for number, op in zip(stage.operators.tolist(), graph.ops(stage), strict=True):
        if not able[number]:
            continue
        plain, kind = graph.operators[number], kind_of(op.name)
        if kind not in PRODUCTS:
            found.append(plain)
            continue
        factor = _FACTOR.get(kind) if kind is not None and len(op.outputs[0].shape) > 1 else None
        reads = (-1, "") if factor is None else (op.inputs[factor].storage, op.name)
        if factor is not None and reads == read and _joinable(found[product], plain, factor):
            found[product] = _joined(found[product], plain, factor)
            continue
        product, read = len(found), reads
        found.append(plain)
    yield from found


def _joinable(first: Op, second: Op, factor: int) -> bool:
    """Whether two products multiply the same rows by weights, with a bias each or none."""
    weights = first.inputs[factor + 1], second.inputs[factor + 1]
    same = first.inputs[factor].shape == second.inputs[factor].shape and len(first.inputs) == len(second.inputs)
    return same and all(len(weight.shape) == 2 for weight in weights)


def _joined(first: Op, second: Op, factor: int) -> Op:
    """One product by both weights."""
    more = second.outputs[0].shape[-1]
    along = 0 if kind_of(first.name) is Kind.LINEAR else 1
    inputs = [
        tensor if place == factor else _longer(tensor, more, along if place == factor + 1 else len(tensor.shape) - 1)
        for place, tensor in enumerate(first.inputs)
    ]
    return replace(first, inputs=tuple(inputs), outputs=(_longer(first.outputs[0], more, -1),))


def _longer(tensor: TensorSpec, more: int, axis: int) -> TensorSpec:
    shape = list(tensor.shape)
    shape[axis] += more
    return TensorSpec(tuple(shape), tensor.dtype)
