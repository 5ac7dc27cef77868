"""Weights that stay with the host and come to the device when they are needed: when the device waits for them.

Three ways, each as its library does it:

``model``
    ``enable_model_cpu_offload`` of diffusers (``cpu_offload_with_hook`` of accelerate): before its first use a
    component is moved to the device, and moved back when the next one comes or the pipeline ends. ``Module.to`` copies
    from and to pageable memory, and the host waits for it: nothing overlaps.
``sequential``
    ``enable_sequential_cpu_offload`` (``AlignDevicesHook`` of accelerate, hooks.py): the weights of every innermost
    module are copied at each of its calls (``set_module_tensor_to_device``, from pageable memory, one tensor after
    another) and dropped after it, without a copy back.
``group``
    ``apply_group_offloading(offload_type="leaf_level", use_stream=True)`` of diffusers (hooks/group_offloading.py): the
    weights of the next innermost module are copied from pinned memory on a stream of their own while one computes. The
    first of each pass is waited for, as is what takes longer than the module before it computes. Afterwards the
    device's copy is dropped.

Copies between the host's memory and the device run at the link's bandwidth less what packets take; those of pageable
memory at what the host's own copies allow, whatever the link.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator
from simulator.execution import OFFLOADS, Execution, ExecutionError
from simulator.lowering import Launches, StageLaunches
from tracer.graph import IndexArray, OpGraph, Stage, StorageRole

from .timeline import Timeline

__all__ = [
    "HOST_LINK",
    "StageOffload",
    "host_bandwidth",
    "offload_plan",
    "offload_remarks",
    "offload_waits",
    "resident_bytes",
    "with_offload",
]

FloatArray = NDArray[np.float64]

#: Link of an accelerator that leads to its host.
HOST_LINK = "pcie"

# Share of the link that copies of pinned memory reach: a packet of 128 bytes carries 24 to 28 of header and check.
_PACKETS = 0.82
# Copies from pageable memory, which the driver stages through a buffer of its own (M. Harris, How to Optimize Data
# Transfers in CUDA, 2012: 5.4 GB/s of 6.1 GB/s pinned, on a Xeon). [B/s]
_FROM_PAGEABLE = 5.4e9
# Copies to memory that the host has just asked for, whose pages have to be made. From the middle one of three published
# runs of diffusers with and without model offloading (A100, two on a P100), less the copies to the device. [B/s]
_TO_NEW_PAGES = 1.5e9
# Setting one tensor of a module from Python, and starting one copy. Assumed. [s]
_PER_TENSOR = 5e-5
_PER_COPY = 1e-5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StageOffload:
    """What comes to the device during one stage.

    Attributes
    ----------
    how : str
        One of :data:`simulator.execution.OFFLOADS`.
    position : ndarray of int, shape (num_groups,)
        First launch that needs each group of weights; not decreasing.
    to_device : ndarray of float, shape (num_groups,)
        Their bytes. [B]
    tensors : ndarray of float, shape (num_groups,)
        How many tensors they are.
    to_host : float
        Bytes that are moved back to the host before the first launch. [B]
    repeats : int
        How often the groups come.
    """

    how: str
    position: IndexArray
    to_device: FloatArray
    tensors: FloatArray
    to_host: float
    repeats: int


def host_bandwidth(accelerator: Accelerator) -> float:
    """One-way bandwidth of the link to the host. [B/s]

    Raises
    ------
    ExecutionError
        The accelerator states none.
    """
    link = accelerator.links.get(HOST_LINK)
    if link is None:
        raise ExecutionError(
            f"{accelerator.name} states no link {HOST_LINK}, over which weights would be moved; "
            f"a file that extends it can: links: {{{HOST_LINK}: {{bandwidth: 32 GB/s}}}}"
        )
    return link.bandwidth


def offload_plan(launches: Launches) -> tuple[StageOffload, ...]:
    """What comes to the device in each stage; nothing where the execution keeps all weights there."""
    how = launches.execution.offload
    if how == OFFLOADS[0]:
        return ()
    if how == "model":
        return tuple(_by_component(launches))
    return tuple(_by_module(launches.graph, stage, how) for stage in launches.stages)


def _by_component(launches: Launches) -> Sequence[StageOffload]:
    """Each component before its first stage; back before the stage that follows its last, and at the end."""
    graph = launches.graph
    size = {component.name: float(component.parameter_bytes) for component in graph.components}
    names = [stage.component for stage in graph.stages]
    last = {name: at for at, name in enumerate(names)}
    plan = []
    for at, name in enumerate(names):
        new = name not in names[:at]
        gone = sum(size[other] for other, position in last.items() if position == at - 1)
        gone += size[name] if at == len(names) - 1 else 0.0
        plan.append(
            StageOffload(
                how="model",
                position=np.zeros(1, dtype=np.int64),
                to_device=np.array([size[name] if new else 0.0]),
                tensors=np.zeros(1),
                to_host=gone,
                repeats=1,
            )
        )
    return plan


def _by_module(graph: OpGraph, stage: StageLaunches, how: str) -> StageOffload:
    """The weights of each innermost module at each of its calls."""
    call, storage = _weights_used(graph, stage.stage)
    run = _runs_of_modules(stage.stage)
    pairs = np.unique(np.stack((run[call], storage)), axis=1)
    groups, place = np.unique(pairs[0], return_inverse=True)
    sizes = graph.storage_bytes[pairs[1]].astype(np.float64)
    first_call = np.searchsorted(run, groups)
    position = np.minimum(np.searchsorted(stage.calls, first_call), max(len(stage.calls) - 1, 0))
    return StageOffload(
        how=how,
        position=position,
        to_device=np.bincount(place, weights=sizes, minlength=len(groups)).astype(np.float64),
        tensors=np.bincount(place, minlength=len(groups)).astype(np.float64),
        to_host=0.0,
        repeats=stage.stage.repeats,
    )


def _weights_used(graph: OpGraph, stage: Stage) -> tuple[IndexArray, IndexArray]:
    """Call and storage of every weight that a call reads."""
    num_inputs = np.array([len(op.inputs) for op in graph.operators], dtype=np.int64)[stage.operators]
    call = np.repeat(np.arange(stage.num_calls), num_inputs)
    weights = graph.storage_roles[stage.inputs] == int(StorageRole.PARAMETER)
    return call[weights], stage.inputs[weights]


def _runs_of_modules(stage: Stage) -> IndexArray:
    """Number of the run of an innermost module that each call belongs to; not decreasing."""
    changes = np.diff(stage.modules, prepend=stage.modules[:1]) != 0
    return np.cumsum(changes)


def offload_waits(plan: StageOffload, elapsed: FloatArray, link: FloatArray) -> FloatArray:
    """Time that the device waits for weights before each launch, repeats summed. [s]

    Parameters
    ----------
    plan : StageOffload
    elapsed : ndarray, shape (num_launches, num_accelerators)
        Time of each launch with what it waits for otherwise, repeats summed. [s]
    link : ndarray, shape (num_accelerators,)
        One-way bandwidth to the host. [B/s]
    """
    waits = np.zeros_like(elapsed)
    pinned = _PACKETS * link
    if plan.how == "group":
        each = plan.to_device[:, None] / pinned + _PER_COPY * plan.tensors[:, None]
        computed = np.diff(np.cumsum(_padded(elapsed), axis=0)[plan.position], axis=0) / plan.repeats
        late = np.concatenate((each[:1], np.maximum(each[1:] - computed, 0.0)))
    else:
        late = plan.to_device[:, None] / np.minimum(pinned, _FROM_PAGEABLE) + _PER_TENSOR * plan.tensors[:, None]
        late[:1] += plan.to_host / np.minimum(pinned, _TO_NEW_PAGES)
    np.add.at(waits, plan.position, plan.repeats * late)
    return waits


def _padded(elapsed: FloatArray) -> FloatArray:
    return np.concatenate((np.zeros((1, elapsed.shape[1])), elapsed))


def with_offload(timeline: Timeline, accelerator: Accelerator) -> Timeline:
    """The timeline with what the device waits for weights. Raises as :func:`host_bandwidth`."""
    plan = offload_plan(timeline.launches)
    if not plan:
        return timeline
    link = np.array([host_bandwidth(accelerator)])
    stages = []
    for stage, part in zip(timeline.stages, plan, strict=True):
        waits = offload_waits(part, (stage.execution + stage.waiting)[:, None], link)[:, 0]
        stages.append(replace(stage, waiting=stage.waiting + waits, transfers=waits))
    return replace(timeline, stages=tuple(stages))


def offload_remarks(execution: Execution) -> tuple[str, ...]:
    """What is approximate where weights wait with the host."""
    if execution.offload == OFFLOADS[0]:
        return ()
    rates = f"{_FROM_PAGEABLE / 1e9:g} GB/s from pageable memory and {_TO_NEW_PAGES / 1e9:g} GB/s back"
    how = "the link's bandwidth" if execution.offload == "group" else f"at most {rates}, whatever the link"
    return (
        f"offload {execution.offload}: weights move at {how}; hosts differ by a factor of two, "
        "the rate back is from three published runs, and a fourth is all that it was checked against.",
    )


def resident_bytes(graph: OpGraph, stage: Stage, execution: Execution) -> int:
    """Bytes of weights on the device while a stage runs. [B]"""
    if execution.offload == "model":
        return next(c.parameter_bytes for c in graph.components if c.name == stage.component)
    if execution.offload in OFFLOADS[2:]:
        return _largest_groups(graph, stage, 2 if execution.offload == "group" else 1)
    return graph.parameter_bytes


def _largest_groups(graph: OpGraph, stage: Stage, together: int) -> int:
    """Largest sum of some modules' weights in a row: the one that computes, and the one that is on its way."""
    call, storage = _weights_used(graph, stage)
    pairs = np.unique(np.stack((_runs_of_modules(stage)[call], storage)), axis=1)
    _, place = np.unique(pairs[0], return_inverse=True)
    sizes = np.bincount(place, weights=graph.storage_bytes[pairs[1]].astype(np.float64)) if len(place) else np.zeros(1)
    return int(np.convolve(sizes, np.ones(together)).max())
