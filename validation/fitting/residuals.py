"""Distributions of residuals, from which prediction intervals are made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hw_specs import Calibration, CalibrationPool, FittedCalibration, ResidualSummary
from simulator.cost.families import GROUPS
from simulator.uncertainty.standing import REGIMES, inherited_half_widths, regime_of
from validation.errors.prediction import predicted
from validation.measured.tables import MeasuredKernels

from .device_rows import row_groups
from .fit import held_out

__all__ = [
    "QUANTILES",
    "Scope",
    "counted_summaries",
    "first_groups",
    "held_out_summaries",
    "residual_summaries",
    "rows_by_group",
]

FloatArray = NDArray[np.float64]
Scope = Literal["held_out_shapes", "left_out_device"]

QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)

#: Fewest rows that a range of times needs to be summed up by itself.
_FEWEST = 15


def residual_summaries(
    measured: Iterable[MeasuredKernels],
    calibrations: Sequence[FittedCalibration],
    *,
    relatives: CalibrationPool,
) -> Mapping[str, tuple[ResidualSummary, ...]]:
    """Residuals of each calibration, by its name.

    ``held_out_shapes``: rows that its fit did not see. ``left_out_device``: all rows of its devices, predicted by the
    calibrations that remain without them, `relatives` and what was observed on others included.
    """
    collected: dict[str, dict[tuple[str, Scope], list[tuple[FloatArray, FloatArray]]]] = {
        c.name: {} for c in calibrations
    }
    by_architecture = {c.calibration.architecture: c.name for c in calibrations}
    every = CalibrationPool((*calibrations, *relatives.members))
    own = CalibrationPool((*calibrations, *relatives.only("observations").members))
    for m in measured:
        name = by_architecture.get(m.accelerator.architecture)
        if name is None:
            continue
        left = every.without({name}).without_accelerator(m.accelerator.name, m.device)
        scopes: tuple[tuple[Scope, CalibrationPool, NDArray[np.bool_]], ...] = (
            ("held_out_shapes", own, held_out(m)),
            ("left_out_device", left, np.ones(len(m), dtype=np.bool_)),
        )
        for scope, pool, rows in scopes:
            time = predicted(m, pool).time
            for group, members in rows_by_group(m).items():
                chosen = rows & members
                if chosen.any():
                    pair = (time[chosen], np.log(m.latency[chosen] / time[chosen]))
                    collected[name].setdefault((group, scope), []).append(pair)
    return counted_summaries(collected)


def held_out_summaries(
    measured: MeasuredKernels, calibration: Calibration, *, observed: CalibrationPool
) -> tuple[ResidualSummary, ...]:
    """Residuals of one machine's own calibration on the shapes that its fit did not see."""
    time, rows = predicted(measured, observed.with_own(calibration), timings={}).time, held_out(measured)
    collected: dict[tuple[str, Scope], list[tuple[FloatArray, FloatArray]]] = {}
    for group, members in rows_by_group(measured).items():
        chosen = rows & members
        if chosen.any():
            pair = (time[chosen], np.log(measured.latency[chosen] / time[chosen]))
            collected[group, "held_out_shapes"] = [pair]
    return counted_summaries({calibration.name: collected})[calibration.name]


def first_groups(m: MeasuredKernels) -> NDArray[np.int64]:
    """Parameter group of each row, codes into GROUPS; a row that uses several counts for the first."""
    masks = row_groups(m)
    return np.log2((masks & -masks).astype(np.float64)).astype(np.int64)


def rows_by_group(m: MeasuredKernels) -> dict[str, NDArray[np.bool_]]:
    """Rows of each parameter group; a row that uses several counts for the first."""
    lowest = first_groups(m)
    return {GROUPS[code]: lowest == code for code in np.unique(lowest)}


_Pairs = Mapping[tuple[str, Scope], list[tuple[FloatArray, FloatArray]]]


def _joined(pairs: Sequence[tuple[FloatArray, FloatArray]]) -> tuple[FloatArray, FloatArray]:
    time, residual = (np.concatenate(column) for column in zip(*pairs, strict=True))
    return time, residual


def counted_summaries(collected: Mapping[str, _Pairs]) -> Mapping[str, tuple[ResidualSummary, ...]]:
    """Summaries of some residuals by name, with the coverage of ranges made of the others.

    Parameters
    ----------
    collected : mapping
        Name of a calibration, or of a part that a joint fit did without, to (parameter group, scope) to pairs of
        predicted times [s] and log residuals.
    """
    summaries = {name: _summaries(groups) for name, groups in collected.items()}
    return {name: tuple(_counted(summaries, collected, name)) for name in summaries}


def _summaries(groups: _Pairs) -> tuple[ResidualSummary, ...]:
    summaries: list[ResidualSummary] = []
    for (group, scope), pairs in sorted(groups.items()):
        time, residual = _joined(pairs)
        regime = regime_of(time)
        summaries.append(_summary(group, scope, "all", residual))
        for code, (_, name) in enumerate(REGIMES):
            if (regime == code).sum() >= _FEWEST:
                summaries.append(_summary(group, scope, name, residual[regime == code]))
    return tuple(summaries)


def _counted(
    summaries: Mapping[str, Sequence[ResidualSummary]], collected: Mapping[str, _Pairs], name: str
) -> Iterator[ResidualSummary]:
    """Summaries of one calibration with their coverage: by the other half of the shapes, or by the other parts."""
    others = [s for other in summaries if other != name for s in summaries[other] if s.scope == "left_out_device"]
    for summary in summaries[name]:
        time, residual = _joined(collected[name][summary.group, summary.scope])
        regime = regime_of(time)
        rows = np.array([summary.regime in ("all", REGIMES[code][1]) for code in range(len(REGIMES))])[regime]
        if summary.scope == "held_out_shapes":
            coverage = _cross_coverage(residual[rows])
        elif others:
            half = inherited_half_widths(summary.group, others)[regime]
            coverage = float((np.abs(residual) <= half)[rows].mean())
        else:
            coverage = None
        yield summary.model_copy(update={"coverage": None if coverage is None else round(coverage, 3)})


def _cross_coverage(residual: FloatArray) -> float | None:
    """Share of rows between the quantiles 0.1 and 0.9 of the other half of them, both halves in turn."""
    if len(residual) < 2 * _FEWEST:
        return None
    shuffled = np.random.default_rng(0).permutation(residual)
    halves = shuffled[::2], shuffled[1::2]
    shares = []
    for tried, other in (halves, halves[::-1]):
        low, high = np.quantile(other, (0.1, 0.9))
        shares.append(((low <= tried) & (tried <= high)).mean())
    return float(np.mean(shares))


def _summary(group: str, scope: Scope, regime: str, residual: FloatArray) -> ResidualSummary:
    error = np.expm1(-residual)
    levels = np.quantile(residual, QUANTILES)
    return ResidualSummary(
        group=group,
        scope=scope,
        regime=regime,
        count=len(residual),
        mape=round(float(np.abs(error).mean()), 4),
        bias=round(float(error.mean()), 4),
        quantiles={f"{q:g}": round(float(x), 4) for q, x in zip(QUANTILES, levels, strict=True)},
    )
