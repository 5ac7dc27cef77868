"""Peak memory of a run: weights of all components, and the activations that live at the same time."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from hw_specs.reading.identity import Same
from simulator.execution import Execution
from simulator.kernels import Stream
from simulator.lowering import kernels_of
from simulator.work import UnsupportedOpError
from simulator.work.attention import attention_shape
from tracer.graph import IndexArray, Op, OpGraph, Stage, StorageRole
from tracer.operators import CONVOLUTIONS, Kind, kind_of

from .offload import resident_bytes

__all__ = ["PeakTensors", "activation_peak", "memory_of_calls", "peak_memory", "peak_tensors"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakTensors:
    """What the framework's allocator holds where it is most. [B]"""

    weights: int
    activations: int
    workspaces: int

    @property
    def total(self) -> int:
        """All of it. [B]"""
        return self.weights + self.activations + self.workspaces


def peak_memory(graph: OpGraph, execution: Execution) -> int:
    """Bytes of weights, activations and workspaces where they are most in any stage. [B]"""
    return peak_tensors(graph, execution).total


def peak_tensors(graph: OpGraph, execution: Execution, only: str = "") -> PeakTensors:
    """Weights, activations and workspaces where they are most in any stage.

    Weights of all components stay on the device, unless the execution leaves them with the host. Activations live from
    the call that writes them to the last that reads them. Those of the last few graphs are kept.

    Parameters
    ----------
    graph : OpGraph
    execution : Execution
    only : str, optional
        Component that alone is loaded and runs; all by default.
    """
    return _peak_tensors(Same(graph), execution, only)


@functools.lru_cache(maxsize=16)
def _peak_tensors(same: Same[OpGraph], execution: Execution, only: str) -> PeakTensors:
    graph = same.value
    absent = sum(each.parameter_bytes for each in graph.components if only and each.name != only)
    stages = [stage for stage in graph.stages if only in ("", stage.component)]
    every = [_peak_of(graph, stage, execution, absent) for stage in stages]
    none = PeakTensors(weights=graph.parameter_bytes - absent, activations=0, workspaces=0)
    return max(every, key=lambda peak: peak.total, default=none)


def _peak_of(graph: OpGraph, stage: Stage, execution: Execution, absent: int) -> PeakTensors:
    activations, workspaces = _alive(graph, stage, execution)
    weights = resident_bytes(graph, stage, execution)
    weights -= absent if weights == graph.parameter_bytes else 0
    return PeakTensors(weights=weights, activations=activations, workspaces=workspaces)


def activation_peak(graph: OpGraph, stage: Stage, execution: Execution) -> int:
    """Largest sum of inputs, activations and workspaces alive at once in one run of a stage. [B]"""
    return sum(_alive(graph, stage, execution))


def _alive(graph: OpGraph, stage: Stage, execution: Execution) -> tuple[int, int]:
    """Activations and workspace of the call at which they are most. [B]"""
    if not stage.num_calls:
        return 0, 0
    alive, workspaces = memory_of_calls(graph, stage, execution)
    at = int((alive + workspaces).argmax())
    return int(alive[at]), int(workspaces[at])


def memory_of_calls(graph: OpGraph, stage: Stage, execution: Execution) -> tuple[IndexArray, IndexArray]:
    """Activations alive at each call of a run of a stage, of its last where it grows, and each call's workspace. [B]"""
    operators = stage.operators if stage.grown is None else stage.grown
    storages, first, last = _lifetimes(graph, stage)
    sizes = graph.storage_bytes[storages]
    change = np.zeros(stage.num_calls + 1, dtype=np.int64)
    np.add.at(change, first, sizes)
    np.subtract.at(change, last + 1, sizes)
    return np.cumsum(change)[:-1], _workspaces(graph, operators, execution.of(stage.component))


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


def _workspaces(graph: OpGraph, operators: IndexArray, execution: Execution) -> IndexArray:
    """Workspace of each call. [B]"""
    distinct, place = np.unique(operators, return_inverse=True)
    sizes = np.array([_workspace(graph.operators[index], execution) for index in distinct], dtype=np.int64)
    return sizes[place]


def _workspace(op: Op, execution: Execution) -> int:
    """Scores before and after the softmax, where attention stores them; images in the layout of a convolution."""
    kind = kind_of(op.name)
    if kind in CONVOLUTIONS:
        return _converted_images(op, execution)
    if kind is not Kind.ATTENTION or execution.attention != "naive":
        return 0
    shape = attention_shape(op)
    scores = shape.batch * shape.heads * shape.query_length * shape.key_length
    return int(2 * scores * op.inputs[0].itemsize)


def _converted_images(op: Op, execution: Execution) -> int:
    """What a convolution brings to its own layout and back, beside what it is given: cuDNN's workspace. [B]

    Peaks of published runs that decode images at 1024 x 1024 pixels in float32, or 8 to 16 of them, lie within 6 % of
    weights, activations and this, and of a single one in half precision up to 15 % above.
    """
    try:
        kernels = kernels_of(op, execution)
    except UnsupportedOpError:
        return 0
    return int(sum(k.bytes_written for k in kernels if isinstance(k, Stream) and k.conversion))
