"""Distributions of residuals, from which prediction intervals are made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hw_specs import Calibration, ResidualSummary
from simulator.cost.parameters import GROUPS

from .fit import held_out, row_groups
from .measured import MeasuredKernels
from .prediction import predicted

__all__ = [
    "QUANTILES",
    "REGIMES",
    "first_groups",
    "regime_of",
    "residual_summaries",
    "rows_by_group",
    "summaries_of",
]

FloatArray = NDArray[np.float64]
Scope = Literal["held_out_shapes", "left_out_device"]

#: Upper ends of the ranges of predicted time, and their names. [s]
REGIMES: tuple[tuple[float, str], ...] = (
    (20e-6, "<20us"),
    (50e-6, "20-50us"),
    (500e-6, "50-500us"),
    (np.inf, ">500us"),
)

QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)

#: Fewest rows that a range of times needs to be summed up by itself.
_FEWEST = 15


def regime_of(time: FloatArray) -> NDArray[np.int64]:
    """Position in :data:`REGIMES` of each predicted time."""
    return np.searchsorted(np.array([end for end, _ in REGIMES]), time, side="right").astype(np.int64)


def residual_summaries(
    measured: Iterable[MeasuredKernels],
    calibrations: Sequence[Calibration],
    *,
    relatives: Sequence[Calibration] = (),
) -> Mapping[str, tuple[ResidualSummary, ...]]:
    """Residuals of each calibration, by its name.

    ``held_out_shapes``: rows that its fit did not see. ``left_out_device``: all rows of its devices, predicted by the
    calibrations that remain without them, `relatives` included.
    """
    collected: dict[str, dict[tuple[str, Scope], list[tuple[FloatArray, FloatArray]]]] = {
        c.name: {} for c in calibrations
    }
    for m in measured:
        name = next(c.name for c in calibrations if c.architecture == m.accelerator.architecture)
        others = [c for c in (*calibrations, *relatives) if c.name != name]
        scopes: tuple[tuple[Scope, Sequence[Calibration], NDArray[np.bool_]], ...] = (
            ("held_out_shapes", calibrations, held_out(m)),
            ("left_out_device", others, np.ones(len(m), dtype=np.bool_)),
        )
        for scope, pool, rows in scopes:
            time = predicted(m, pool).time
            for group, members in rows_by_group(m).items():
                chosen = rows & members
                if chosen.any():
                    pair = (time[chosen], np.log(m.latency[chosen] / time[chosen]))
                    collected[name].setdefault((group, scope), []).append(pair)
    return {name: summaries_of(groups, _others(collected, name)) for name, groups in collected.items()}


def first_groups(m: MeasuredKernels) -> NDArray[np.int64]:
    """Parameter group of each row, codes into GROUPS; a row that uses several counts for the first."""
    masks = row_groups(m)
    return np.log2((masks & -masks).astype(np.float64)).astype(np.int64)


def rows_by_group(m: MeasuredKernels) -> dict[str, NDArray[np.bool_]]:
    """Rows of each parameter group; a row that uses several counts for the first."""
    lowest = first_groups(m)
    return {GROUPS[code]: lowest == code for code in np.unique(lowest)}


_Pairs = Mapping[tuple[str, Scope], list[tuple[FloatArray, FloatArray]]]


def _others(collected: Mapping[str, _Pairs], name: str) -> Mapping[str, list[tuple[FloatArray, FloatArray]]]:
    """Times and residuals of each group by the other calibrations, when they were left out: one pair of each."""
    found: dict[str, list[tuple[FloatArray, FloatArray]]] = {}
    for other, groups in collected.items():
        for (group, scope), pairs in groups.items():
            if other != name and scope == "left_out_device":
                found.setdefault(group, []).append(_joined(pairs))
    return found


def _joined(pairs: Sequence[tuple[FloatArray, FloatArray]]) -> tuple[FloatArray, FloatArray]:
    time, residual = (np.concatenate(column) for column in zip(*pairs, strict=True))
    return time, residual


def summaries_of(
    groups: _Pairs, others: Mapping[str, Sequence[tuple[FloatArray, FloatArray]]]
) -> tuple[ResidualSummary, ...]:
    """Summaries of some residuals, over all of them and by range of predicted time.

    Parameters
    ----------
    groups : mapping
        (parameter group, scope) to pairs of predicted times [s] and log residuals.
    others : mapping
        Parameter group to such pairs of other parts that were left out, against which coverage is counted.
    """
    summaries: list[ResidualSummary] = []
    for (group, scope), pairs in sorted(groups.items()):
        time, residual = _joined(pairs)
        regime = regime_of(time)
        for code, name in ((None, "all"), *((code, name) for code, (_, name) in enumerate(REGIMES))):
            rows = np.ones(len(time), dtype=np.bool_) if code is None else regime == code
            if code is not None and rows.sum() < _FEWEST:
                continue
            elsewhere = [r if code is None else r[regime_of(t) == code] for t, r in others.get(group, ())]
            covered = (
                _cross_coverage(residual[rows]) if scope == "held_out_shapes" else _coverage(residual[rows], elsewhere)
            )
            summaries.append(_summary(group, scope, name, residual[rows], covered))
    return tuple(summaries)


def _cross_coverage(residual: FloatArray) -> float | None:
    """Share of rows between the quantiles 0.1 and 0.9 of the other half of them, both halves in turn."""
    if len(residual) < 2 * _FEWEST:
        return None
    shuffled = np.random.default_rng(0).permutation(residual)
    halves = shuffled[::2], shuffled[1::2]
    return float(np.mean([_coverage(halves[i], [halves[1 - i]]) or 0.0 for i in (0, 1)]))


def _coverage(residual: FloatArray, others: Sequence[FloatArray]) -> float | None:
    """Share of rows between the quantiles 0.1 and 0.9 of the equal mixture of others; None where there are none."""
    known = [other for other in others if len(other) >= _FEWEST]
    if not known or not len(residual):
        return None
    values = np.concatenate(known)
    weights = np.concatenate([np.full(len(other), 1 / (len(known) * len(other))) for other in known])
    order = np.argsort(values)
    low, high = np.interp((0.1, 0.9), np.cumsum(weights[order]), values[order])
    return float(((low <= residual) & (residual <= high)).mean())


def _summary(group: str, scope: Scope, regime: str, residual: FloatArray, coverage: float | None) -> ResidualSummary:
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
        coverage=None if coverage is None else round(coverage, 3),
    )
