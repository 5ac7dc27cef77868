"""Predictions of published cases, and how far they are off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, median
from typing import Any

from hw_specs import CalibrationPool, SpecError, load_accelerator
from simulator.cost import UnsupportedFormatError
from simulator.execution import ExecutionError
from simulator.software import SoftwareError
from simulator.uncertainty.intervals import interval_of, standing_of
from tracer.graph import GraphError

from .case import Case
from .simulations import Simulations

__all__ = ["CaseError", "CaseResult", "ErrorSummary", "predict_cases", "splits_of", "summarise"]


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
    quantization : str
        Scheme of quantisation, ``none`` where there was none.
    family : str
        Kind of output, as :func:`~simulator.uncertainty.intervals.family_of` says.
    maker : str
        Of the accelerator.
    way : str
        Whether the ``framework`` ran it, or an ``engine`` (:func:`~simulator.uncertainty.intervals.way_of`).
    parallel : str
        How the run was split over devices; empty for one.
    engine : str
        What ran it, where that is no framework's own execution.
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
    way: str = "framework"
    parallel: str = ""
    quantization: str = "none"
    engine: str = ""


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
    cases: Iterable[Case],
    calibrations: CalibrationPool,
    *,
    progress: Callable[[str], None] | None = None,
    simulations: Simulations | None = None,
) -> tuple[list[CaseResult], list[CaseError]]:
    """Predictions of cases; those that cannot be predicted come back with the reason.

    Parameters
    ----------
    cases : iterable of Case
    calibrations : CalibrationPool
    progress : callable, optional
        Called with the name of each case before it is predicted.
    simulations : Simulations, optional
        Those with these calibrations that others use too; its own by default.
    """
    results, failed = [], []
    known = Simulations(calibrations) if simulations is None else simulations
    for case in cases:
        if progress is not None:
            progress(case.id)
        try:
            results.append(_predict(case, known))
        except (ExecutionError, GraphError, SoftwareError, SpecError, UnsupportedFormatError) as error:
            failed.append(
                CaseError(id=case.id, model=case.model, device=case.device, reason=str(error).splitlines()[0])
            )
    return results, failed


def splits_of(parallel: str) -> str:
    """What a run is split along, whatever the number of devices."""
    return " x ".join(part.partition("=")[0] for part in parallel.split(",") if part)


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


def _predict(case: Case, simulations: Simulations) -> CaseResult:
    predicted, bound = (simulations.predict(case, fidelity) for fidelity in ("calibrated", "roofline"))
    workload, accelerator = simulations.graph(case).workload, load_accelerator(case.device)
    execution = case.to_execution()
    standing = standing_of(simulations.graph(case), accelerator, execution, predicted.basis)
    interval = interval_of(predicted.time, predicted.deviation, standing=standing, unseen=accelerator.name)
    return CaseResult(
        id=case.id,
        model=case.model,
        device=case.device,
        execution=f"{execution.mode}/{execution.attention}",
        dtype=workload.dtype,
        batch=workload.batch,
        grade=case.grade,
        measured=case.value,
        predicted=predicted.time,
        roofline=bound.time,
        error=predicted.time / case.value - 1,
        low=interval.low,
        high=interval.high,
        deviation=predicted.deviation,
        basis=predicted.basis,
        source=case.source,
        family=standing.family,
        maker=standing.maker,
        way=standing.way,
        parallel=str(execution.parallel),
        quantization=execution.quantize.partition(":")[0],
        engine=case.engine,
    )


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
