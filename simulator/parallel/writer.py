"""Writing of a graph that has other operators, further calls and further storages than the one it is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tracer.graph import Component, Op, OpGraph, Stage, StorageRole, TensorSpec

__all__ = ["GraphWriter", "StageWriter"]


class GraphWriter:
    """A graph to be, whose stages are taken over or written anew."""

    def __init__(self, graph: OpGraph) -> None:
        """With the operators and storages of a graph."""
        self.graph = graph
        self.operators = list(graph.operators)
        self.storage_bytes = graph.storage_bytes.tolist()
        self.storage_roles = graph.storage_roles.tolist()
        self._places: dict[Op, int] = {op: at for at, op in enumerate(graph.operators)}

    def operator(self, op: Op) -> int:
        """Index of an operator."""
        place = self._places.setdefault(op, len(self.operators))
        if place == len(self.operators):
            self.operators.append(op)
        return place

    def storage(self, tensor: TensorSpec) -> int:
        """A new storage that holds a tensor."""
        self.storage_bytes.append(tensor.nbytes)
        self.storage_roles.append(int(StorageRole.ACTIVATION))
        return len(self.storage_bytes) - 1

    def finish(self, stages: Sequence[Stage], components: Sequence[Component]) -> OpGraph:
        """The graph with these stages."""
        return replace(
            self.graph,
            operators=tuple(self.operators),
            stages=tuple(stages),
            components=tuple(components),
            storage_bytes=np.array(self.storage_bytes, dtype=np.int64),
            storage_roles=np.array(self.storage_roles, dtype=np.int64),
        )


class StageWriter:
    """A stage to be: calls in order."""

    def __init__(self, graph: GraphWriter, stage: Stage) -> None:
        """Without calls."""
        self.graph = graph
        self.stage = stage
        self.module = 0
        self._operators: list[int] = []
        self._grown: list[int] = []
        self._modules: list[int] = []
        self._read: list[int] = []
        self._written: list[int] = []

    def call(self, ops: Sequence[Op], read: Sequence[int], written: Sequence[int]) -> None:
        """A call in the module that is set; operators of the first and of the last repeat, or one for all."""
        self._operators.append(self.graph.operator(ops[0]))
        self._grown.append(self.graph.operator(ops[-1]))
        self._modules.append(self.module)
        self._read.extend(read)
        self._written.extend(written)

    def make(self, op: Op, *read: int) -> int:
        """A call that writes a storage of its own, which is the result."""
        storage = self.graph.storage(op.outputs[0])
        self.call((op,), read, (storage,))
        return storage

    def finish(self, repeats: int) -> Stage:
        """The stage with these calls."""
        return replace(
            self.stage,
            repeats=repeats,
            operators=np.array(self._operators, dtype=np.int64),
            modules=np.array(self._modules, dtype=np.int64),
            inputs=np.array(self._read, dtype=np.int64),
            outputs=np.array(self._written, dtype=np.int64),
            grown=None if self.stage.grown is None else np.array(self._grown, dtype=np.int64),
        )
