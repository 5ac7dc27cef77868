"""Time that the host spends on operator calls before the device sees their kernels."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, CalibrationPool
from hw_specs.reading.identity import Same
from simulator.execution import EXECUTION_MODES
from simulator.lowering import StageLaunches
from tracer.graph import OpGraph, Stage, StorageRole
from tracer.operators import (
    ATTENTION_GRADIENTS,
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

from .catalogue import load_host
from .host import Host, HostCosts

__all__ = ["KIND_COST", "call_times", "host_costs", "host_of", "runs_ahead"]

FloatArray = NDArray[np.float64]


_KINDS: Mapping[str, Iterable[Kind]] = {
    "view": FREE,
    "attention": (*ATTENTIONS, *ATTENTION_GRADIENTS),
    "convolution": (*CONVOLUTIONS, Kind.CONVOLUTION_BACKWARD),
    "product": (*PRODUCTS, Kind.FUSED_EXPERTS),
    "row_wise": (
        *(Kind.LAYER_NORM, Kind.RMS_NORM, Kind.GROUP_NORM, Kind.SPREAD_GROUP_NORM, Kind.BATCH_NORM),
        *(Kind.LAYER_NORM_BACKWARD, Kind.CHANNEL_NORM_BACKWARD, Kind.BATCH_NORM_BACKWARD),
        Kind.SOFTMAX,
    ),
    # A norm with its residual is one kernel of a serving engine, called without the layers around torch's own norms.
    "operator": (
        *(Kind.ELEMENTWISE, Kind.COMPARISON, Kind.REDUCTION, Kind.SCAN, Kind.SORT, Kind.RESIDUAL_RMS_NORM),
        *(Kind.COPY, Kind.IN_PLACE_COPY, Kind.CONCATENATION, Kind.PADDING, Kind.FILL, Kind.RESAMPLE, Kind.POOLING),
        *(Kind.GATHER, Kind.SCATTER, Kind.SCATTER_TO_ZEROS, Kind.PAGED_WRITE, Kind.ROTARY, Kind.ROW_QUANTIZATION),
        *(Kind.LOSS, Kind.FOREACH, Kind.WINDOW_BACKWARD),
        *GENERATED,
    ),
    "collective": COLLECTIVES,
}
KIND_COST: Mapping[Kind, str] = {kind: cost for cost, kinds in _KINDS.items() for kind in kinds}
"""Which of :class:`HostCosts` an operator of each kind costs."""


_AS_GRAPH: Mapping[str, str] = {"fused": "cuda-graph"}


def host_of(accelerator: Accelerator, calibrations: CalibrationPool, named: Host | None = None) -> Host:
    """Host that drives an accelerator: the one that is named, else the one that was probed, else the default.

    An accelerator says nothing of the host that it is put into, and published rates on one and the same differ by a
    factor of 1.7. Without a name it is therefore the same host for all, except where a calibration of a probed machine
    has measured its own (group ``host``).
    """
    if named is not None:
        return named
    measured = _measured_on(accelerator, calibrations)
    return _with_measured(load_host(), accelerator, measured) if measured else load_host()


def host_costs(host: Host, accelerator: Accelerator) -> Mapping[str, HostCosts]:
    """Costs by execution mode; on a CPU the operator is the kernel, which is not launched.

    An engine that fuses launches what it made as a graph.
    """
    of_itself = accelerator.traits.engine == "cpu"
    return {mode: host.costs["cpu" if of_itself else _AS_GRAPH.get(mode, mode)] for mode in EXECUTION_MODES}


def _measured_on(accelerator: Accelerator, calibrations: CalibrationPool) -> Mapping[str, float]:
    """Costs of the host that a calibration of this very machine has, whatever was changed in the accelerator. [s]"""
    machine = accelerator.based_on or accelerator.name
    for entry in calibrations.calibrations:
        if machine in entry.groups.get("host", ()):
            return {name.partition(".")[2]: value for name, value in entry.of_group("host").items()}
    return {}


def _with_measured(host: Host, accelerator: Accelerator, measured: Mapping[str, float]) -> Host:
    """A host with what was measured in eager mode; other modes cost the same share more or less.

    A bare module's call was measured, and not the Python code of models that `module` holds too: it follows a view's.
    """
    eager = host.costs["eager"]
    shares = {name: measured[name] / getattr(eager, name) for name in (*_MEASURED, "gap") if name in measured}
    shares |= dict.fromkeys(("module", "guards", "stage", "collective"), shares.get("view", 1.0))
    costs = {mode: of_mode.scaled(shares) for mode, of_mode in host.costs.items()}
    own = {name: measured[name] for name in ("view", "module") if name in measured}
    costs["cpu"] = replace(host.costs["cpu"], **own)
    return replace(host, name=f"measured on {accelerator.name}", processor="as probed", costs=costs)


_MEASURED = ("view", "operator", "row_wise", "product", "convolution", "attention", "launch")


def call_times(graph: OpGraph, launches: StageLaunches, host: HostCosts) -> FloatArray:
    """Time from the start of a run of the stage to each launch, on the host, shape (num_launches,). [s]

    Calls are issued one after another. In compiled execution only calls that launch cost time, in a graph none. A
    pipeline runs its own code before each run of a stage; a module that is called once by itself has none.
    """
    stage = launches.stage
    alone = len(graph.stages) == 1 and stage.repeats == 1
    pipeline = 0.0 if alone or _is_plain_loop(graph, launches) else host.stage
    before = pipeline + (0.0 if _is_served(graph) else host.guards * _guarded_modules(graph, stage))
    num_kernels = np.bincount(launches.calls, minlength=stage.num_calls)
    enters = np.diff(stage.modules, prepend=-1) != 0
    codes, frees, _ = _costs_of(Same(graph))
    cost = np.array([getattr(host, name) for name in _OPERATOR_COSTS])[codes[stage.operators]]
    free = frees[stage.operators]
    per_call = np.where(free, host.view, np.where(num_kernels > 0, cost, 0.0))
    issued = np.cumsum(per_call + host.module * enters)
    order = np.arange(1, len(launches.calls) + 1)
    at_launch: FloatArray = before + issued[launches.calls] + host.launch * order
    return at_launch


def runs_ahead(graph: OpGraph, launches: StageLaunches) -> bool:
    """Whether a stage's passes are launched before the host has read what the one before gave.

    So do loops that decode with graphs of fixed shapes: gpt-fast hands each token on without a look at it (generate.py,
    decode_n_tokens), and serving engines prepare a pass while another runs (vLLM's asynchronous scheduling,
    TensorRT-LLM's overlap scheduler). ``generate`` of transformers and Meta's code ask for each token whether it is the
    last, and wait for the answer.
    """
    return launches.mode in _GRAPHS and graph.workload.kv_cache in ("masked", "paged")


#: Modes in which a graph of fixed shapes is launched.
_GRAPHS = ("cuda-graph", "compiled-graph", "fused")


def _is_plain_loop(graph: OpGraph, launches: StageLaunches) -> bool:
    """Whether nothing but launches of one graph follow one another.

    gpt-fast's loop of a token has four calls beside the graph (``decode_n_tokens`` of generate.py: the position raised,
    token and probabilities copied, the token's shape), with no scheduler and no search for the end.
    """
    return runs_ahead(graph, launches) and graph.workload.kv_cache == "masked"


def _guarded_modules(graph: OpGraph, stage: Stage) -> int:
    """Modules whose weights a stage reads, which compiled code checks before it runs."""
    num_inputs = _costs_of(Same(graph))[2][stage.operators]
    reads_weights = graph.storage_roles[stage.inputs] == int(StorageRole.PARAMETER)
    return len(np.unique(np.repeat(stage.modules, num_inputs)[reads_weights]))


def _is_served(graph: OpGraph) -> bool:
    """Whether a serving engine runs it, whose compiled code has no guards (vllm/compilation/wrapper.py drops them)."""
    return graph.workload.kv_cache == "paged"


#: Names of the costs of operators.
_OPERATOR_COSTS = tuple(_KINDS)


@functools.lru_cache(maxsize=8)
def _costs_of(graph: Same[OpGraph]) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]:
    """Of each distinct operator the place of its cost in `_OPERATOR_COSTS`, whether it launches nothing, its inputs."""
    names = [op.name for op in graph.value.operators]
    codes = np.array([_OPERATOR_COSTS.index(_cost_name(name)) for name in names], dtype=np.int64)
    num_inputs = np.array([len(op.inputs) for op in graph.value.operators], dtype=np.int64)
    return codes, np.array([is_free(name) for name in names], dtype=np.bool_), num_inputs


def _cost_name(operator: str) -> str:
    kind = kind_of(operator)
    return KIND_COST[kind] if kind is not None else "operator"
