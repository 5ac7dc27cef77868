"""Predictions of published cases, and how far they are off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, median
from typing import Any

from hw_specs import CalibrationPool, SpecError, load_accelerator
from simulator.cost import UnsupportedFormatError
from simulator.execution import ExecutionError
from simulator.hosts.catalogue import load_host
from simulator.simulation import Simulation, simulate
from simulator.software import SoftwareError
from simulator.uncertainty.intervals import family_of, interval_of
from tracer.graph import GraphError, OpGraph
from tracer.library.graphs import graph_of

from .case import Case
from .quantity import case_stages, case_time, sliced_decoding

__all__ = ["CaseError", "CaseResult", "ErrorSummary", "predict_cases", "summarise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """A case and its prediction.

    Attributes
    ----------
    measured, predicted, roofline : float
        [s]
    error : float
        ``predicted / measured - 1``.
    low, high : float
        80 % interval of the prediction, whose factor has not seen the device's runs. [s]
    deviation : float
        Relative standard deviation that the interval is made from.
    basis : str
        What most of the kernels' time rests on: ``calibrated``, ``inherited`` or ``datasheet``.
    family : str
        Kind of output, as :func:`~simulator.uncertainty.intervals.family_of` says.
    maker : str
        Of the accelerator.
    """

    id: str
    model: str
    device: str
    execution: str
    dtype: str
    batch: int
    grade: str
    measured: float
    predicted: float
    roofline: float
    error: float
    low: float
    high: float
    deviation: float
    basis: str
    source: str
    family: str
    maker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorSummary:
    """Errors of some cases.

    Count, median and mean of the absolute error, mean of the signed one, the roofline's median, and the share of
    measurements inside the 80 % interval.
    """

    name: str
    count: int
    median_ape: float
    mape: float
    bias: float
    within_10_percent: float
    roofline_median_ape: float
    coverage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseError:
    """A case that cannot be predicted, and why."""

    id: str
    model: str
    device: str
    reason: str


def predict_cases(
    cases: Iterable[Case], calibrations: CalibrationPool, *, progress: Callable[[str], None] | None = None
) -> tuple[list[CaseResult], list[CaseError]]:
    """Predictions of cases; those that cannot be predicted come back with the reason."""
    results, failed = [], []
    graphs: dict[tuple[str, tuple[tuple[str, object], ...]], OpGraph] = {}
    for case in cases:
        if progress is not None:
            progress(case.id)
        try:
            results.append(_predict(case, graphs, calibrations))
        except (ExecutionError, GraphError, SoftwareError, SpecError, UnsupportedFormatError) as error:
            failed.append(
                CaseError(id=case.id, model=case.model, device=case.device, reason=str(error).splitlines()[0])
            )
    return results, failed


def summarise(results: Sequence[CaseResult], key: Callable[[CaseResult], str]) -> list[ErrorSummary]:
    """Errors of groups of results, the largest group first."""
    groups: dict[str, list[CaseResult]] = {}
    for result in results:
        groups.setdefault(key(result), []).append(result)
    return [_summary(name, group) for name, group in sorted(groups.items(), key=lambda g: -len(g[1]))]


def to_dict(
    results: Sequence[CaseResult], unmapped: Mapping[str, int], summaries: Mapping[str, Sequence[ErrorSummary]]
) -> dict[str, Any]:
    """Plain form for JSON: rows, unmapped rows by reason, and summaries."""
    return {
        "rows": [asdict(result) for result in results],
        "unmapped": dict(unmapped),
        "summary": {name: [asdict(s) for s in group] for name, group in summaries.items()},
    }


def _predict(
    case: Case, graphs: dict[tuple[str, tuple[tuple[str, object], ...]], OpGraph], calibrations: CalibrationPool
) -> CaseResult:
    graph, accelerator = _graph(case.model, case.settings, graphs), load_accelerator(case.device)
    execution = case.to_execution()
    host = load_host(case.host) if case.host else None
    simulation = simulate(graph, accelerator, execution, calibrations=calibrations, host=host)
    bound = simulate(graph, accelerator, execution, calibrations=calibrations, fidelity="roofline")
    predicted, roofline = (case_time(case, graph, _latencies(each)) for each in (simulation, bound))
    if case.sliced_decoder:
        single = _graph(case.model, {**case.settings, "batch": 1}, graphs)
        one = simulate(single, accelerator, execution, calibrations=calibrations, host=host)
        one_bound = simulate(single, accelerator, execution, calibrations=calibrations, fidelity="roofline")
        predicted += sliced_decoding(graph, _latencies(simulation), _latencies(one))
        roofline += sliced_decoding(graph, _latencies(bound), _latencies(one_bound))
    deviation = _deviation(case, graph, simulation)
    interval = interval_of(predicted, deviation, unseen=accelerator.name)
    basis = simulation.report.basis
    return CaseResult(
        id=case.id,
        model=case.model,
        device=case.device,
        execution=f"{execution.mode}/{execution.attention}",
        dtype=graph.workload.dtype,
        batch=graph.workload.batch,
        grade=case.grade,
        measured=case.value,
        predicted=predicted,
        roofline=roofline,
        error=predicted / case.value - 1,
        low=interval.low,
        high=interval.high,
        deviation=deviation,
        basis=max(basis, key=lambda name: basis[name]),
        source=case.source,
        family=family_of(graph.workload),
        maker=accelerator.vendor,
    )


def _graph(
    model: str, settings: Mapping[str, Any], graphs: dict[tuple[str, tuple[tuple[str, object], ...]], OpGraph]
) -> OpGraph:
    key = (model, tuple(sorted(settings.items())))
    if key not in graphs:
        graphs[key] = graph_of(model, settings)
    return graphs[key]


def _latencies(simulation: Simulation) -> dict[str, float]:
    """Latency of each stage. [s]"""
    return {name: entry.latency for name, entry in simulation.report.by_stage.items()}


def _deviation(case: Case, graph: OpGraph, simulation: Simulation) -> float:
    """Relative deviation of the whole, or of the longest stage of a part."""
    if case.quantity == "latency":
        return 0.0 if simulation.deviation is None else simulation.deviation.relative()
    latencies = _latencies(simulation)
    return simulation.stage_deviation(max(case_stages(case, graph), key=lambda name: latencies[name]))


def _summary(name: str, results: Sequence[CaseResult]) -> ErrorSummary:
    errors = [result.error for result in results]
    absolute = [abs(error) for error in errors]
    return ErrorSummary(
        name=name,
        count=len(results),
        median_ape=median(absolute),
        mape=fmean(absolute),
        bias=fmean(errors),
        within_10_percent=fmean([float(error <= 0.1) for error in absolute]),
        roofline_median_ape=median([abs(r.roofline / r.measured - 1) for r in results]),
        coverage=fmean([float(r.low <= r.measured <= r.high) for r in results]),
    )
