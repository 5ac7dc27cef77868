"""Axes of every tensor of every call of a component: one walk through its stages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np

from tracer.graph import IndexArray, Op, OpGraph, Stage, StorageRole, TensorSpec
from tracer.operators import ATTENTIONS, CONVOLUTIONS, PRODUCTS, declaration_of, is_free, kind_of

from .axes import Axes, Dim, Dims, Laid, laid_out, strides_of
from .rules import BIASED, Walk, walk_of

__all__ = ["Call", "Survey", "heads_axis", "length_axis", "product_flops", "survey_of"]


# Share of the arithmetic.
_FEW = 0.1


@dataclass(frozen=True, slots=True)
class Call:
    """One call with its operands' axes; `op` is that of the last repeat."""

    op: Op
    inputs: tuple[Dims, ...]
    outputs: tuple[Dims, ...]
    walk: Walk
    read: tuple[int, ...]
    written: tuple[int, ...]


@dataclass(slots=True)
class Survey:
    """Axes of the stages that run one component, which share its weights.

    Attributes
    ----------
    axes : Axes
    calls : mapping of str to list of Call
        By stage.
    """

    axes: Axes = field(default_factory=Axes)
    calls: dict[str, list[Call]] = field(default_factory=dict)
    _laid: dict[int, tuple[Laid, ...]] = field(default_factory=dict)
    _tables: set[int] = field(default_factory=set)

    def add(self, graph: OpGraph, stage: Stage) -> None:
        """Walk through a stage."""
        seen: dict[tuple[int, TensorSpec], Dims] = {}
        calls = []
        self._tables = set(np.flatnonzero(graph.storage_roles == int(StorageRole.BUFFER)).tolist())
        for op, read, written in _calls(graph, stage):
            inputs = tuple(self._view(t, s, seen) for t, s in zip(op.inputs, read, strict=True))
            walk = Walk() if is_free(op.name) else walk_of(self.axes, op, inputs)
            outputs = tuple(self._written(op, walk, i, s, seen) for i, s in enumerate(written))
            calls.append(Call(op, inputs, outputs, walk, read, written))
        self.calls[stage.name] = calls

    def _view(self, tensor: TensorSpec, storage: int, seen: dict[tuple[int, TensorSpec], Dims]) -> Dims:
        """Axes of a tensor that is read; one that nothing has written has an axis for each of its extents.

        Parts of a table of constants have nothing in common: rows for frames and rows for lines come from one.
        """
        if storage in self._tables:
            steps = strides_of(tensor)
            dims = tuple(self.axes.new(n) if t else () for n, t in zip(tensor.shape, steps, strict=True))
            return seen.setdefault((storage, tensor), dims)
        if storage not in self._laid:
            self._laid[storage] = laid_out(tensor, [self.axes.new(n) for n in tensor.shape])
        key = (storage, tensor)
        if key not in seen:
            seen[key] = self.axes.of_tensor(tensor, self._laid[storage])
        return seen[key]

    def _written(self, op: Op, walk: Walk, at: int, storage: int, seen: dict[tuple[int, TensorSpec], Dims]) -> Dims:
        """Axes of a tensor that is written: those that the rule gives, joined with what lies there already."""
        tensor = op.outputs[at]
        ruled = walk.outputs[at] if at < len(walk.outputs) else ()
        if storage in self._laid or storage in self._tables:
            dims = self._view(tensor, storage, seen)
            return tuple(map(self.axes.merged, dims, ruled)) if len(ruled) == len(dims) else dims
        given: Sequence[Dim] = ruled if len(ruled) == len(tensor.shape) else [()] * len(tensor.shape)
        dims = tuple(dim or self.axes.new(n) for dim, n in zip(given, tensor.shape, strict=True))
        self._laid[storage] = laid_out(tensor, dims)
        return dims

    def iter_calls(self) -> Iterator[Call]:
        """Calls of all stages."""
        for calls in self.calls.values():
            yield from calls

    def main_attention(self) -> Call | None:
        """Attention of several tokens that is most work; None where there is none."""
        found = [call for call in self.iter_calls() if kind_of(call.op.name) in ATTENTIONS]
        best = max(found, key=_scores, default=None)
        return best if best is not None and best.op.inputs[0].shape[length_axis(best.op)] > 1 else None

    def convolves(self) -> bool:
        """Whether convolutions that read neighbours and sum over channels are more than a little: those of a U-Net."""
        flops: Counter[bool] = Counter()
        for call in self.iter_calls():
            kind = kind_of(call.op.name)
            if kind in CONVOLUTIONS:
                weight = call.op.inputs[1]
                wide = any(call.walk.spread) and bool(call.walk.summed)
                flops[wide] += 2 * call.op.outputs[0].numel * weight.numel // max(weight.shape[0], 1)
            elif kind in PRODUCTS:
                flops[False] += product_flops(call.op)
        return flops[True] > _FEW * sum(flops.values())

    def laid(self, storage: int) -> tuple[Laid, ...]:
        """Factors of a storage that some call reads or writes."""
        return self._laid.get(storage, ())

    def parts(self, dims: Dims, divided: Mapping[int, int]) -> tuple[int, ...]:
        """Over how many devices each extent of a tensor is divided.

        Parameters
        ----------
        dims : Dims
        divided : mapping of int to int
            Devices by axis.
        """
        return tuple(prod(divided.get(axis, 1) for axis in self.axes.roots(dim)) for dim in dims)


def survey_of(graph: OpGraph, component: str) -> Survey:
    """Axes of all stages that run a component."""
    survey = Survey()
    for stage in graph.stages:
        if stage.component == component:
            survey.add(graph, stage)
    return survey


def length_axis(op: Op) -> int:
    """Axis of the tokens in query, key and value of an attention call, from the end."""
    declared = declaration_of(op.name)
    return -2 if declared is None or declared.heads_axis == -3 else -3


def heads_axis(op: Op) -> int:
    """Axis of the heads, from the end."""
    return -5 - length_axis(op)


def _scores(call: Call) -> int:
    return call.op.inputs[0].numel * call.op.inputs[1].shape[length_axis(call.op)]


def product_flops(op: Op) -> int:
    """Adds and multiplies of a product: each output is a sum as long as the rows of the first operand."""
    biased = kind_of(op.name) in BIASED
    rows = op.inputs[1 if biased else 0].shape
    return 2 * sum(t.numel for t in op.outputs[:1]) * (rows[-1] if rows else 0)


def _calls(graph: OpGraph, stage: Stage) -> Iterator[tuple[Op, tuple[int, ...], tuple[int, ...]]]:
    """Operator of each call, of the last repeat where a stage grows, with the storages that it reads and writes."""
    chosen: IndexArray = stage.operators if stage.grown is None else stage.grown
    inputs, outputs = stage.inputs.tolist(), stage.outputs.tolist()
    at_in = at_out = 0
    for index in chosen.tolist():
        op = graph.operators[index]
        end_in, end_out = at_in + len(op.inputs), at_out + len(op.outputs)
        yield op, tuple(inputs[at_in:end_in]), tuple(outputs[at_out:end_out])
        at_in, at_out = end_in, end_out
