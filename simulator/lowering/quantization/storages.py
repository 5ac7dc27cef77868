"""Storages of a quantised graph: weights that take less, their scales, and what the steps write on their way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.quantization import Scheme
from simulator.quantization.scheme import BIAS, INPUT, OUTPUT
from tracer.graph import IndexArray, OpGraph, StorageRole

from .layers import Layer
from .steps import LayerCalls, tensor_of

__all__ = ["Storages", "Weight"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """A weight that is quantised: storages of its parts by name, and its bytes without and with the scheme. [B]"""

    parts: dict[str, int]
    elements: int
    before: int
    after: int


class Storages:
    """Storages of a graph, and those that a scheme adds."""

    def __init__(self, graph: OpGraph) -> None:
        """Of a graph, nothing added yet."""
        self._bytes: list[int] = graph.storage_bytes.tolist()
        self._roles: list[int] = graph.storage_roles.tolist()
        self.weights: dict[int, Weight] = {}

    def columns(self) -> tuple[IndexArray, IndexArray]:
        """Bytes and roles of all storages."""
        return np.array(self._bytes, dtype=np.int64), np.array(self._roles, dtype=np.int64)

    def of_layer(
        self,
        layer: Layer,
        calls: LayerCalls,
        scheme: Scheme,
        storages: tuple[Sequence[int], Sequence[int]],
        converted: Mapping[str, int],
    ) -> dict[str, int]:
        """Storage of each tensor of a call of a layer, by its name.

        Parameters
        ----------
        layer, calls, scheme
        storages : pair of sequences of int
            Those that the layer reads, and those that it writes.
        converted : mapping of str to int
            What is there already, by name.
        """
        reads, writes = storages
        known = {INPUT: reads[layer.operands.data], OUTPUT: writes[0]}
        if layer.operands.bias is not None:
            known[BIAS] = reads[layer.operands.bias]
        known |= self._weight(layer, scheme, reads[layer.operands.weight]).parts
        for call in calls.calls:
            for name, output in zip(call.writes, call.op.outputs, strict=True):
                if name not in known:
                    shared = converted.get(name)
                    known[name] = self._added(output.nbytes) if shared is None else shared
        return known

    def _weight(self, layer: Layer, scheme: Scheme, storage: int) -> Weight:
        """Parts of a weight; the first takes the place of the weight itself."""
        if storage not in self.weights:
            before = self._bytes[storage]
            sizes = {name: tensor_of(form, layer).nbytes for name, form in scheme.weights.items()}
            first, *others = sizes
            self._bytes[storage] = sizes[first]
            parts = {first: storage} | {n: self._added(sizes[n], StorageRole.PARAMETER) for n in others}
            self.weights[storage] = Weight(
                parts=parts, elements=layer.weight.numel, before=before, after=sum(sizes.values())
            )
        return self.weights[storage]

    def _added(self, size: int, role: StorageRole = StorageRole.ACTIVATION) -> int:
        self._bytes.append(size)
        self._roles.append(int(role))
        return len(self._bytes) - 1

    def saved_by_component(self, graph: OpGraph) -> dict[str, int]:
        """Bytes that the weights of each component take less; those that several share count for the first."""
        saved: dict[str, int] = {}
        counted: set[int] = set()
        for stage in graph.stages:
            found = (set(np.unique(stage.inputs).tolist()) & set(self.weights)) - counted
            counted |= found
            less = sum(self.weights[storage].before - self.weights[storage].after for storage in found)
            saved[stage.component] = saved.get(stage.component, 0) + less
        return saved
