"""Peak memory of a run: weights of all components, and the activations that live at the same time."""

from __future__ import annotations

import functools

import numpy as np

from hw_specs.reading.identity import Same
from simulator.execution import Execution
from simulator.work.attention import attention_shape
from tracer.graph import IndexArray, Op, OpGraph, Stage, StorageRole
from tracer.operators import Kind, kind_of

from .offload import resident_bytes

__all__ = ["activation_peak", "peak_memory"]


def peak_memory(graph: OpGraph, execution: Execution) -> int:
    """Bytes of all weights and of the largest set of activations alive at once in any stage. [B]

    Weights of all components stay on the device, unless the execution leaves them with the host. Activations live from
    the call that writes them to the last that reads them. Left out: the framework's context (0.3-0.6 GB), allocator
    fragmentation, workspaces of libraries. Those of the last few calls are kept.
    """
    return _peak_memory(Same(graph), execution)


@functools.lru_cache(maxsize=16)
def _peak_memory(same: Same[OpGraph], execution: Execution) -> int:
    graph = same.value
    alive = (resident_bytes(graph, s, execution) + activation_peak(graph, s, execution) for s in graph.stages)
    return max(alive, default=graph.parameter_bytes)


def activation_peak(graph: OpGraph, stage: Stage, execution: Execution) -> int:
    """Largest sum of inputs and activations alive at once in one run of a stage. [B]"""
    if not stage.num_calls:
        return 0
    operators = stage.operators if stage.grown is None else stage.grown
    storages, first, last = _lifetimes(graph, stage)
    sizes = graph.storage_bytes[storages]
    change = np.zeros(stage.num_calls + 1, dtype=np.int64)
    np.add.at(change, first, sizes)
    np.subtract.at(change, last + 1, sizes)
    alive = np.cumsum(change)[:-1]
    return int((alive + _workspaces(graph, execution)[operators]).max())


def _lifetimes(graph: OpGraph, stage: Stage) -> tuple[IndexArray, IndexArray, IndexArray]:
    """Storages in use that hold no weights, and the first and last call of each; inputs live from the start."""
    calls, storages = _uses(graph, stage)
    num_storages = len(graph.storage_bytes)
    first = np.full(num_storages, stage.num_calls, dtype=np.int64)
    last = np.full(num_storages, -1, dtype=np.int64)
    np.minimum.at(first, storages, calls)
    np.maximum.at(last, storages, calls)
    first[graph.storage_roles == int(StorageRole.INPUT)] = 0
    weights = np.isin(graph.storage_roles, (int(StorageRole.PARAMETER), int(StorageRole.BUFFER)))
    used = np.flatnonzero((last >= 0) & ~weights)
    return used, first[used], last[used]


def _uses(graph: OpGraph, stage: Stage) -> tuple[IndexArray, IndexArray]:
    """Call and storage of every tensor that a call reads or writes."""
    num_inputs = np.array([len(op.inputs) for op in graph.operators], dtype=np.int64)[stage.operators]
    num_outputs = np.array([len(op.outputs) for op in graph.operators], dtype=np.int64)[stage.operators]
    calls = np.arange(stage.num_calls)
    return (
        np.concatenate((np.repeat(calls, num_inputs), np.repeat(calls, num_outputs))),
        np.concatenate((stage.inputs, stage.outputs)),
    )


def _workspaces(graph: OpGraph, execution: Execution) -> IndexArray:
    """Workspace of each distinct operator. [B]"""
    return np.array([_workspace(op, execution) for op in graph.operators], dtype=np.int64)


def _workspace(op: Op, execution: Execution) -> int:
    """Scores before and after the softmax, where attention stores them."""
    if kind_of(op.name) is not Kind.ATTENTION or execution.attention != "naive":
        return 0
    shape = attention_shape(op)
    scores = shape.batch * shape.heads * shape.query_length * shape.key_length
    return int(2 * scores * op.inputs[0].itemsize)
