"""Predicted against published memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

from hw_specs import SpecError, load_accelerator
from simulator.execution import ExecutionError
from simulator.lowering import execution_on, graph_as_run
from simulator.schedule.device_memory import DeviceMemory, device_memory
from simulator.software import SoftwareError
from tracer.graph import GraphError, OpGraph
from validation.published.errors import CaseError
from validation.published.simulations import Simulations

from .cases import MemoryCase, read_memory
from .projections import projection_copies

__all__ = ["MemoryResult", "MemorySummary", "predict_memory", "published_memory", "summarise_memory"]

#: Option of a script that makes one layer of several projections, and keeps both.
_FUSED_PROJECTIONS = "fused QKV"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryResult:
    """A figure and its prediction.

    Attributes
    ----------
    measured, predicted : float
        [B]
    error : float
        ``predicted / measured - 1``.
    counted : str
        ``allocated``, ``reserved`` or ``device``.
    weights : float
        Share of weights in the prediction. [1]
    """

    id: str
    model: str
    device: str
    execution: str
    quantization: str
    counted: str
    measured: float
    predicted: float
    error: float
    weights: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemorySummary:
    """Errors of some figures: count, median and mean of the absolute error, mean of the signed one, share in 10 %."""

    name: str
    count: int
    median_ape: float
    mape: float
    bias: float
    within_10_percent: float


def published_memory(
    files: Sequence[Path], grade: str, simulations: Simulations
) -> tuple[list[MemoryResult], Counter[str]]:
    """Predictions of the memory that rows of some tables state, and how many of them are none, by reason.

    Raises
    ------
    CaseError
        As :func:`~validation.published.table.read_published`.
    """
    cases, left_out = read_memory(files, grade)
    results, failed = predict_memory(cases, simulations)
    left_out.update(f"cannot be predicted: {case.reason}" for case in failed)
    return results, left_out


def predict_memory(cases: Iterable[MemoryCase], simulations: Simulations) -> tuple[list[MemoryResult], list[CaseError]]:
    """Predictions of figures; those that cannot be predicted come back with the reason."""
    results, failed = [], []
    for case in cases:
        try:
            results.append(_predict(case, simulations.graph(case.case)))
        except (ExecutionError, GraphError, SoftwareError, SpecError) as error:
            run = case.case
            reason = str(error).splitlines()[0]
            failed.append(CaseError(id=run.id, model=run.model, device=run.device, reason=reason))
    return results, failed


def summarise_memory(results: Sequence[MemoryResult], key: Callable[[MemoryResult], str]) -> list[MemorySummary]:
    """Errors of groups of results, the largest group first."""
    groups: dict[str, list[float]] = {}
    for result in results:
        groups.setdefault(key(result), []).append(result.error)
    return [
        MemorySummary(
            name=name,
            count=len(errors),
            median_ape=median(map(abs, errors)),
            mape=fmean(map(abs, errors)),
            bias=fmean(errors),
            within_10_percent=fmean(float(abs(error) <= 0.1) for error in errors),
        )
        for name, errors in sorted(groups.items(), key=lambda group: -len(group[1]))
    ]


def _predict(case: MemoryCase, graph: OpGraph) -> MemoryResult:
    run, accelerator = case.case, load_accelerator(case.case.device)
    execution = execution_on(accelerator, run.to_execution())
    made = graph_as_run(graph, execution)
    memory = device_memory(made, execution, accelerator, only=case.component)
    predicted = _counted(memory, case) + _beside(case, graph, made)
    if case.counted.loaded_whole:
        copies = projection_copies(graph, case.denoiser) if _FUSED_PROJECTIONS in run.options else 0
        predicted = max(predicted, float(graph.parameter_bytes + copies))
    return MemoryResult(
        id=run.id,
        model=run.model,
        device=run.device,
        execution=f"{execution.mode}/{execution.attention}",
        quantization=execution.quantize.partition(":")[0],
        counted=case.counted.figure,
        measured=case.measured,
        predicted=predicted,
        error=predicted / case.measured - 1,
        weights=memory.weights / predicted,
        source=run.source,
    )


def _counted(memory: DeviceMemory, case: MemoryCase) -> float:
    """What a source counts; of reserved memory a lower bound, without freed blocks that the allocator keeps."""
    kept = memory.allocated + memory.libraries + memory.allocator
    return float({"allocated": memory.allocated, "reserved": kept, "device": memory.total}[case.counted.figure])


def _beside(case: MemoryCase, graph: OpGraph, made: OpGraph) -> float:
    """Weights that a script has on the device beside those of the workload. [B]"""
    itemsize = 4 if graph.workload.dtype == "float32" else 2
    copies = 0.0
    if _FUSED_PROJECTIONS in case.case.options:
        smaller = _weights_of(made, case.denoiser) / _weights_of(graph, case.denoiser)
        copies = smaller * projection_copies(graph, case.denoiser)
    return copies + case.counted.parameters_beside * itemsize


def _weights_of(graph: OpGraph, component: str) -> int:
    return sum(each.parameter_bytes for each in graph.components if each.name == component)
