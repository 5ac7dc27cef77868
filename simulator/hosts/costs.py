"""Time that the host spends on operator calls before the device sees their kernels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, CalibrationPool
from simulator.execution import Execution
from simulator.lowering import StageLaunches
from tracer.graph import OpGraph
from tracer.operators import (
    ATTENTIONS,
    COLLECTIVES,
    CONVOLUTIONS,
    FREE,
    GENERATED,
    PRODUCTS,
    Kind,
    is_free,
    kind_of,
)

__all__ = ["HOSTS", "KIND_COST", "HostCosts", "call_times", "host_of"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCosts:
    """What the host pays for each thing that it does. All in seconds.

    Attributes
    ----------
    view : float
        An operator that launches nothing: Python call, dispatch, a new tensor object.
    operator : float
        An operator that launches an elementwise kernel, a copy or a reduction: Python call, dispatch, checks,
        allocation of the output.
    row_wise : float
        A normalization or softmax.
    product : float
        A matrix product: views of the weight, descriptors, the library's choice of a kernel.
    convolution : float
        A convolution: descriptors and the library's cached plan.
    attention : float
        Fused attention: choice of the implementation, checks, several nested operators.
    launch : float
        One kernel launch through the driver.
    module : float
        Entering or leaving a ``torch.nn.Module``: ``__call__`` and the Python code of the model between operators.
    stage : float
        Starting one run of a stage: the pipeline's own Python code, scheduler included.
    delay : float
        From the launch call's return to the kernel's start on an idle device.
    gap : float
        Between two queued kernels on a busy device.
    """

    view: float
    operator: float
    row_wise: float
    product: float
    convolution: float
    attention: float
    launch: float
    module: float
    stage: float
    delay: float
    gap: float


# Launch, gap, delay, views and operators: medians of host events in PyTorch profiler traces of Qwen1.5-0.5B, ViT and
# BERT on an H100, less what the profiler itself costs there (Python tracing: about 1 us a Python call, so that the
# figures of products, attention and normalization are about halved). Graph replay leaves no gap beyond the shortest
# kernel's own time (te42kyfo/gpu-benches, gpu-small-kernels: 1.3 us a kernel in a graph, 2.6 us in a stream, A100).
# `module` alone is fitted: to the published rates of Stable Diffusion 1.5 at batch 1, which the host bounds.
_EAGER = HostCosts(
    view=1.0e-6,
    operator=5e-6,
    row_wise=10e-6,
    product=13e-6,
    convolution=20e-6,
    attention=20e-6,
    launch=3.3e-6,
    module=6e-6,
    stage=0.5e-3,
    delay=1.7e-6,
    gap=1.3e-6,
)
# The generated wrapper of compiled code calls each kernel with prepared arguments; products and convolutions still go
# through their library's Python entry.
_COMPILED = HostCosts(
    view=0.0,
    operator=3e-6,
    row_wise=3e-6,
    product=8e-6,
    convolution=15e-6,
    attention=15e-6,
    launch=3.3e-6,
    module=0.0,
    stage=0.5e-3,
    delay=1.7e-6,
    gap=1.3e-6,
)
_GRAPH = HostCosts(
    view=0.0,
    operator=0.0,
    row_wise=0.0,
    product=0.0,
    convolution=0.0,
    attention=0.0,
    launch=0.0,
    module=0.0,
    stage=0.5e-3,
    delay=6.5e-6,
    gap=0.0,
)
# On a CPU the operator is the kernel: it is not launched, and its dispatch is part of its measured time.
_CPU = replace(_GRAPH, view=1.0e-6, module=2e-6, delay=0.0)
HOSTS: dict[str, HostCosts] = {"eager": _EAGER, "compiled": _COMPILED, "cuda-graph": _GRAPH}
"""Host costs by execution mode."""

_KINDS: Mapping[str, Iterable[Kind]] = {
    "view": FREE,
    "attention": ATTENTIONS,
    "convolution": CONVOLUTIONS,
    "product": PRODUCTS,
    "row_wise": (
        *(Kind.LAYER_NORM, Kind.RMS_NORM, Kind.GROUP_NORM, Kind.SPREAD_GROUP_NORM, Kind.BATCH_NORM),
        Kind.SOFTMAX,
    ),
    # A norm with its residual is one kernel of a serving engine, called without the layers around torch's own norms.
    "operator": (
        *(Kind.ELEMENTWISE, Kind.COMPARISON, Kind.REDUCTION, Kind.SCAN, Kind.SORT, Kind.RESIDUAL_RMS_NORM),
        *(Kind.COPY, Kind.IN_PLACE_COPY, Kind.CONCATENATION, Kind.PADDING, Kind.FILL, Kind.RESAMPLE, Kind.POOLING),
        *(Kind.GATHER, Kind.SCATTER, Kind.PAGED_WRITE, Kind.ROTARY, Kind.ROW_QUANTIZATION),
        *(*COLLECTIVES, *GENERATED),
    ),
}
KIND_COST: Mapping[Kind, str] = {kind: cost for cost, kinds in _KINDS.items() for kind in kinds}
"""Which of :class:`HostCosts` an operator of each kind costs."""

# Servers of the Ampere generation and before (2017-2021) run the same Python 1.6 times as slowly as those of the
# H100: Stable Diffusion 1.5 at batch 1, eager, takes 28 to 32 ms a step on A100 servers and 18.3 ms on an H100 server
# (published: chengzeyi/stable-fast README, fal-ai/stable-diffusion-benchmarks README), and the host bounds both.
_SLOWER_HOSTS_UNTIL = 2021
_SLOWDOWN = 1.6


def host_of(execution: Execution, accelerator: Accelerator, calibrations: CalibrationPool) -> HostCosts:
    """Host costs of an execution mode, on a host of the accelerator's time.

    The constants are those of a host of 2023. An accelerator says nothing of the host that it is put into: this is
    the typical one, and published rates on one and the same accelerator differ by a factor of 1.7. A calibration of a
    probed machine that has measured its host (group ``host``) replaces them.
    """
    measured = _measured_on(accelerator, calibrations)
    if accelerator.traits.engine == "cpu":
        # What operators cost is in their own times.
        return replace(_CPU, **{name: measured[name] for name in ("view", "module") if name in measured})
    costs = HOSTS[execution.mode]
    if measured:
        return replace(costs, **{name: getattr(costs, name) * share for name, share in _shares(measured).items()})
    year = accelerator.year
    if year is None or year > _SLOWER_HOSTS_UNTIL:
        return costs
    return replace(costs, **{name: getattr(costs, name) * _SLOWDOWN for name in (*_ON_THE_HOST, "module", "stage")})


# Gap and delay are the device's and the bus's, not the host's.
_ON_THE_HOST = ("view", "operator", "row_wise", "product", "convolution", "attention", "launch")


def _measured_on(accelerator: Accelerator, calibrations: CalibrationPool) -> Mapping[str, float]:
    """Costs of the host that a calibration of this very machine has. [s]"""
    for entry in calibrations.calibrations:
        if accelerator.name in entry.groups.get("host", ()):
            return {name.partition(".")[2]: value for name, value in entry.of_group("host").items()}
    return {}


def _shares(measured: Mapping[str, float]) -> dict[str, float]:
    """Measured costs over those of the typical host, in eager mode, where they were measured.

    A bare module's call was measured, and not the Python code of models that `module` holds too: it follows a view's.
    """
    shares = {name: measured[name] / getattr(_EAGER, name) for name in (*_ON_THE_HOST, "gap") if name in measured}
    return {**shares, **dict.fromkeys(("module", "stage"), shares.get("view", 1.0))}


def call_times(graph: OpGraph, launches: StageLaunches, host: HostCosts) -> FloatArray:
    """Time from the start of a run of the stage to each launch, on the host, shape (num_launches,). [s]

    Calls are issued one after another. In compiled execution only calls that launch cost time, in a graph none.
    """
    stage = launches.stage
    num_kernels = np.bincount(launches.calls, minlength=stage.num_calls)
    enters = np.diff(stage.modules, prepend=-1) != 0
    cost = np.array([_operator_cost(op.name, host) for op in graph.operators])[stage.operators]
    free = np.array([is_free(op.name) for op in graph.operators], dtype=np.bool_)[stage.operators]
    per_call = np.where(free, host.view, np.where(num_kernels > 0, cost, 0.0))
    issued = np.cumsum(per_call + host.module * enters)
    order = np.arange(1, len(launches.calls) + 1)
    at_launch: FloatArray = host.stage + issued[launches.calls] + host.launch * order
    return at_launch


def _operator_cost(name: str, host: HostCosts) -> float:
    kind = kind_of(name)
    return float(getattr(host, KIND_COST[kind])) if kind is not None else host.operator
