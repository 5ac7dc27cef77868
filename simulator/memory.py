"""Peak memory of a run: weights of all components, and the activations that live at the same time."""

from __future__ import annotations

import numpy as np

from simulator.execution import Execution
from simulator.work.attention import attention_shape
from tracer.graph import Op, OpGraph, Stage, StorageRole

__all__ = ["activation_peak", "peak_memory"]


def peak_memory(graph: OpGraph, execution: Execution) -> int:
    """Bytes of all weights and of the largest set of activations alive at once in any stage. [B]

    Weights of all components stay on the device, as a pipeline without offloading keeps them. Activations live from
    the call that writes them to the last that reads them. Left out: the framework's context (0.3-0.6 GB), allocator
    fragmentation, workspaces of libraries.
    """
    activations = max((activation_peak(graph, stage, execution) for stage in graph.stages), default=0)
    return graph.parameter_bytes + activations


def activation_peak(graph: OpGraph, stage: Stage, execution: Execution) -> int:
    """Largest sum of inputs and activations alive at once in one run of a stage. [B]"""
    operators = stage.operators if stage.grown is None else stage.grown
    first, last = _lifetimes(graph, stage)
    storages = np.fromiter(first, dtype=np.int64, count=len(first))
    sizes = graph.storage_bytes[storages]
    change = np.zeros(stage.num_calls + 1, dtype=np.int64)
    np.add.at(change, np.array([first[s] for s in storages.tolist()], dtype=np.int64), sizes)
    np.subtract.at(change, np.array([last[s] + 1 for s in storages.tolist()], dtype=np.int64), sizes)
    alive = np.cumsum(change)[:-1]
    workspace = _workspaces(graph, execution)[operators]
    return int((alive + workspace).max()) if stage.num_calls else 0


def _lifetimes(graph: OpGraph, stage: Stage) -> tuple[dict[int, int], dict[int, int]]:
    """First and last call that uses each storage that is not a weight; inputs live from the start."""
    roles = graph.storage_roles
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for index, storage in _uses(graph, stage):
        if roles[storage] in (StorageRole.PARAMETER, StorageRole.BUFFER):
            continue
        first.setdefault(storage, 0 if roles[storage] == StorageRole.INPUT else index)
        last[storage] = index
    return first, last


def _uses(graph: OpGraph, stage: Stage) -> list[tuple[int, int]]:
    num_inputs = np.array([len(op.inputs) for op in graph.operators], dtype=np.int64)[stage.operators]
    num_outputs = np.array([len(op.outputs) for op in graph.operators], dtype=np.int64)[stage.operators]
    calls = np.arange(stage.num_calls)
    reads = zip(np.repeat(calls, num_inputs).tolist(), stage.inputs.tolist(), strict=True)
    writes = zip(np.repeat(calls, num_outputs).tolist(), stage.outputs.tolist(), strict=True)
    return sorted([*reads, *writes])


def _workspaces(graph: OpGraph, execution: Execution) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([_workspace(op, execution) for op in graph.operators], dtype=np.int64)


def _workspace(op: Op, execution: Execution) -> int:
    """Scores before and after the softmax, where attention stores them."""
    if op.name != "aten::scaled_dot_product_attention" or execution.attention_implementation is not None:
        return 0
    shape = attention_shape(op)
    scores = shape.batch * shape.heads * shape.query_length * shape.key_length
    return int(2 * scores * op.inputs[0].itemsize)
