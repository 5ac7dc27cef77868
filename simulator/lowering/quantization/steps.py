"""Steps of a recipe for one linear layer: operators with their tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from simulator.quantization import Recipe, Scheme, Step, TensorForm
from simulator.quantization.scheme import ACTIVATION, BIAS, INPUT, OUTPUT
from tracer.graph import Op, TensorSpec, attributes_from

from .layers import Layer

__all__ = ["LayerCalls", "NamedCall", "layer_calls", "tensor_of"]


class NamedCall(NamedTuple):
    """A call whose tensors have the names of the scheme."""

    op: Op
    reads: tuple[str, ...]
    writes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerCalls:
    """All calls in place of a layer.

    Attributes
    ----------
    calls : tuple of NamedCall
    of_input : tuple of bool
        Whether each depends on the layer's input alone: a compiler computes that once for all layers that read it.
    """

    calls: tuple[NamedCall, ...]
    of_input: tuple[bool, ...]


def layer_calls(layer: Layer, scheme: Scheme, recipe: Recipe) -> LayerCalls:
    """Calls of a recipe in place of a layer."""
    tensors = _tensors(layer, scheme)
    steps = (step for step in recipe.steps if BIAS not in step.reads or BIAS in tensors)
    calls = tuple(_call(step, tensors) for step in steps)
    return LayerCalls(calls=calls, of_input=_of_input(calls))


def _of_input(calls: Sequence[NamedCall]) -> tuple[bool, ...]:
    """Which calls depend on the input alone."""
    derived, found = {INPUT}, []
    for call in calls:
        found.append(derived.issuperset(call.reads))
        if found[-1]:
            derived.update(call.writes)
    return tuple(found)


def tensor_of(form: TensorForm, layer: Layer) -> TensorSpec:
    """Tensor of a form for a layer."""
    data = layer.op.inputs[layer.operands.data]
    return TensorSpec(form.extents(layer.sizes), data.dtype if form.dtype == ACTIVATION else form.dtype)


def _tensors(layer: Layer, scheme: Scheme) -> dict[str, TensorSpec]:
    """Tensors that a layer has, by name: its own, and those of the scheme."""
    operands, op = layer.operands, layer.op
    own = {INPUT: op.inputs[operands.data], OUTPUT: op.outputs[0]}
    if operands.bias is not None:
        own[BIAS] = op.inputs[operands.bias]
    return own | {name: tensor_of(form, layer) for name, form in {**scheme.weights, **scheme.tensors}.items()}


def _call(step: Step, tensors: dict[str, TensorSpec]) -> NamedCall:
    reads = tuple(name for name in step.names if name in tensors)
    op = Op(
        name=step.call,
        inputs=tuple(tensors[name] for name in reads),
        outputs=tuple(tensors[name] for name in step.writes),
        attributes=attributes_from(step.attributes),
    )
    return NamedCall(op, reads, step.writes)
