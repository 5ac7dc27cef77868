"""Ratios of published runs: every run is predicted once, whatever the number of its pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from hw_specs import CalibrationPool, SpecError
from simulator.cost import UnsupportedFormatError
from simulator.execution import ExecutionError
from simulator.quantization import UNQUANTIZED
from simulator.software import SoftwareError
from simulator.uncertainty.components import ErrorComponents, accelerator_correlation, ratio_variance
from tracer.graph import GraphError
from validation.published.case import Case
from validation.published.names import Names
from validation.published.simulations import Prediction, Simulations

from .pairs import Pair, pairs_of
from .ratio import Ratio, ratio_of
from .run import Run, runs_of

__all__ = ["PublishedRatios", "published_ratios"]


Predict = Callable[[Case], Prediction]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRatios:
    """Ratios of pairs of published runs, and how many runs are in none, by reason."""

    ratios: tuple[Ratio, ...]
    left_out: Counter[str]


def published_ratios(
    cases: Iterable[Case],
    calibrations: CalibrationPool,
    names: Names,
    *,
    progress: Callable[[str], None] | None = None,
    predict: Predict | None = None,
) -> PublishedRatios:
    """Ratios of all pairs of runs that differ in one thing alone and come from one table.

    Parameters
    ----------
    cases : iterable of Case
    calibrations : CalibrationPool
    names : Names
        Says which sources are parts of one table.
    progress : callable, optional
        Called with each run that is predicted.
    predict : callable, optional
        Prediction of a case; by default that of the simulator.
    """
    runs, left_out = runs_of(cases, names)
    pairs = list(pairs_of(runs))
    paired = {id(run): run for pair in pairs for run in pair[:2]}
    if len(paired) < len(runs):
        left_out["no other run of its source differs in one thing alone"] = len(runs) - len(paired)
    predicted, failed = _predictions(paired, predict or Simulations(calibrations).predict, progress)
    left_out.update(f"cannot be predicted: {reason}" for reason in failed)
    alike = accelerator_correlation(calibrations)
    ratios = [_ratio(pair, predicted, alike) for pair in pairs if all(id(run) in predicted for run in pair[:2])]
    return PublishedRatios(ratios=tuple(ratios), left_out=left_out)


def _ratio(pair: Pair, predicted: Mapping[int, Prediction], accelerators_alike: float) -> Ratio:
    runs = pair[:2]
    accelerators = {run.case.device for run in runs}
    return ratio_of(
        pair.change,
        *((run.values[pair.differs], run.measured, predicted[id(run)].time) for run in runs),
        subject=_subject(pair.first, pair.differs),
        source=pair.first.table,
        accelerators=accelerators,
        variance=_variance(
            *(predicted[id(run)].errors for run in runs), alike=accelerators_alike if len(accelerators) > 1 else 1.0
        ),
    )


def _variance(first: ErrorComponents | None, second: ErrorComponents | None, *, alike: float) -> float | None:
    if first is None or second is None:
        return None
    return ratio_variance(first, second, accelerators_alike=alike)


def _subject(run: Run, differs: int) -> str:
    """What both runs of a pair share, as its readers would say it; not that nothing is quantised."""
    shared = (value for at, value in enumerate(run.values) if at != differs and value != UNQUANTIZED)
    return ", ".join([run.subject, *shared])


def _predictions(
    runs: Mapping[int, Run], predict: Predict, progress: Callable[[str], None] | None
) -> tuple[dict[int, Prediction], list[str]]:
    """Prediction of each run, and reasons of those that have none."""
    found: dict[int, Prediction] = {}
    failed: list[str] = []
    for key, run in runs.items():
        if progress is not None:
            progress(run.case.id)
        try:
            found[key] = predict(run.case)
        except (ExecutionError, GraphError, SoftwareError, SpecError, UnsupportedFormatError) as error:
            failed.append(str(error).splitlines()[0])
    return found, failed
