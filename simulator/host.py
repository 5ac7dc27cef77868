"""Time that the host spends on operator calls before the device sees their kernels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.execution import Execution
from simulator.lowering import StageLaunches
from simulator.work import is_free
from tracer.graph import OpGraph

__all__ = ["HOSTS", "HostCosts", "call_times", "host_of"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCosts:
    """What the host pays for each thing that it does. All in seconds.

    Attributes
    ----------
    view : float
        An operator that launches nothing: Python call, dispatch, a new tensor object.
    operator : float
        An operator that launches: Python call, dispatch, checks, allocation of the output.
    launch : float
        One kernel launch through the driver.
    module : float
        Entering another ``torch.nn.Module``: ``__call__``, hooks, argument handling of the model's code.
    stage : float
        Starting one run of a stage: the pipeline's own Python code, scheduler included.
    delay : float
        From the launch call's return to the kernel's start on an idle device.
    gap : float
        Between two queued kernels on a busy device.
    """

    view: float
    operator: float
    launch: float
    module: float
    stage: float
    delay: float
    gap: float


HOSTS: dict[str, HostCosts] = {
    "eager": HostCosts(view=1.5e-6, operator=5e-6, launch=3.5e-6, module=4e-6, stage=0.3e-3, delay=4e-6, gap=1.3e-6),
    "compiled": HostCosts(view=0.0, operator=3e-6, launch=3.5e-6, module=0.0, stage=0.3e-3, delay=4e-6, gap=1.3e-6),
    "cuda-graph": HostCosts(view=0.0, operator=0.0, launch=0.0, module=0.0, stage=0.3e-3, delay=4e-6, gap=0.0),
}
"""Host costs by execution mode."""


def host_of(execution: Execution) -> HostCosts:
    """Host costs of an execution mode."""
    return HOSTS[execution.mode]


def call_times(graph: OpGraph, launches: StageLaunches, host: HostCosts) -> FloatArray:
    """Time from the start of a run of the stage to each launch, on the host, shape (num_launches,). [s]

    Calls are issued one after another. In compiled and graph execution the launches alone cost time.
    """
    stage = launches.stage
    free = np.array([is_free(op.name) for op in graph.operators], dtype=np.bool_)[stage.operators]
    num_kernels = np.bincount(launches.calls, minlength=stage.num_calls)
    enters = np.diff(stage.modules, prepend=-1) != 0
    per_call = np.where(free, host.view, np.where(num_kernels > 0, host.operator, 0.0))
    issued = np.cumsum(per_call + host.module * enters)
    order = np.arange(1, len(launches.calls) + 1)
    at_launch: FloatArray = host.stage + issued[launches.calls] + host.launch * order
    return at_launch
