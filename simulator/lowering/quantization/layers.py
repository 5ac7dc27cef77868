"""Linear layers of a graph: products whose second factor is a weight that nothing else reads."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import numpy as np

from simulator.quantization import Scheme
from simulator.quantization.scheme import Sizes
from tracer.graph import Op, OpGraph, StorageRole, TensorSpec
from tracer.operators import Kind, is_free, kind_of

__all__ = ["Layer", "Operands", "layer_of", "main_component", "operands_of", "taken", "weights_alone"]

#: Positions of input, weight and bias among the inputs of a product of each kind; None where it has no bias.
_POSITIONS: dict[Kind, tuple[int, int, int | None]] = {
    Kind.PRODUCT: (0, 1, None),
    Kind.BATCHED_PRODUCT: (0, 1, None),
    Kind.BIASED_PRODUCT: (1, 2, 0),
    Kind.LINEAR: (0, 1, 2),
}


class Operands(NamedTuple):
    """Positions of the operands of a product among its inputs."""

    data: int
    weight: int
    bias: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A linear layer: its operator, where its operands stand, and its sizes."""

    op: Op
    operands: Operands
    sizes: Sizes

    @property
    def weight(self) -> TensorSpec:
        """Its weight as it is before it is quantised."""
        return self.op.inputs[self.operands.weight]


def operands_of(op: Op) -> Operands | None:
    """Where operands of a product stand; None of another operator."""
    kind = kind_of(op.name)
    if kind not in _POSITIONS:
        return None
    data, weight, bias = _POSITIONS[kind]
    return Operands(data, weight, bias if bias is not None and bias < len(op.inputs) else None)


def layer_of(op: Op) -> Layer | None:
    """Layer of a product whose second factor has no batch; None of another operator."""
    operands = operands_of(op)
    if operands is None or len(op.outputs) != 1:
        return None
    weight, out = op.inputs[operands.weight], op.outputs[0]
    if len(weight.shape) < 2 or prod(weight.shape[:-2]) != 1 or not out.shape:
        return None
    inner = weight.shape[-1] if kind_of(op.name) is Kind.LINEAR else weight.shape[-2]
    return Layer(op=op, operands=operands, sizes=Sizes(m=out.numel // out.shape[-1], n=out.shape[-1], k=inner))


def weights_alone(graph: OpGraph) -> frozenset[int]:
    """Storages of weights that only linear layers read, as such: what another operator reads too stays as it is."""
    marks = [_marks(op) for op in graph.operators]
    as_weights, otherwise = set[int](), set[int]()
    for stage in graph.stages:
        read = np.array([mark for operator in stage.operators.tolist() for mark in marks[operator]], dtype=np.int64)
        as_weights.update(stage.inputs[read == _AS_WEIGHT].tolist())
        otherwise.update(np.unique(stage.inputs[read == _OTHERWISE]).tolist())
    parameter = graph.storage_roles == int(StorageRole.PARAMETER)
    return frozenset(storage for storage in as_weights - otherwise if parameter[storage])


#: How an operator reads an input: as the weight of a layer, as anything else, or not at all, as views do.
_AS_WEIGHT, _OTHERWISE, _NOT = 1, 2, 0


def _marks(op: Op) -> list[int]:
    layer = layer_of(op)
    at = -1 if layer is None else layer.operands.weight
    other = _NOT if is_free(op.name) else _OTHERWISE
    return [_AS_WEIGHT if position == at else other for position in range(len(op.inputs))]


def main_component(graph: OpGraph) -> str:
    """Component whose linear layers do the most work in a run: the denoiser of a pipeline, a language model's all."""
    layers = [layer_of(op) for op in graph.operators]
    cost = np.array([0.0 if layer is None else float(prod(layer.sizes)) for layer in layers])
    work: dict[str, float] = {}
    for stage in graph.stages:
        done = stage.repeats * float(cost[stage.operators].sum())
        work[stage.component] = work.get(stage.component, 0.0) + done
    return max(work, key=lambda name: work[name], default="")


def taken(layer: Layer, scheme: Scheme, module: str) -> bool:
    """Whether a scheme changes a layer."""
    return scheme.layers.takes(inputs=layer.sizes.k, outputs=layer.sizes.n, module=module)
