"""How well times project from one device to another, where the same operator calls were measured on both.

What the way of timing adds (:mod:`validation.measured.timing`) is part of every prediction. Three predictions of the
time on the target are judged: the direct one, the measured time on the source times the ratio of two predictions, and
the combined one (:mod:`simulator.projection.projection`).
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hw_specs import CalibrationPool
from simulator.lowering import assign_units
from simulator.projection.carried import carried_over
from validation.measured.tables import MeasuredKernels
from validation.measured.timing import NO_OVERHEAD, timings_of, with_timing

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["ProjectionError", "projection_errors", "render_errors", "summary"]

FloatArray = NDArray[np.float64]
_Key = tuple[str, str, str, str]
_FEWEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectionError:
    """Errors over the calls of one operator that were measured on two devices.

    Attributes
    ----------
    op, source, target : str
        Operator, and the devices that times are projected from and to.
    measurements : str
        Where the measurements come from.
    calls : int
    direct, ratio, combined : float
        Mean absolute relative error of each prediction.
    direct_total, ratio_total, combined_total : float
        Relative error of the sum over all calls.
    correlation : float
        Of the logarithms of the residuals on source and target: how much is wrong on both alike.
    """

    op: str
    source: str
    target: str
    measurements: str
    calls: int
    direct: float
    ratio: float
    combined: float
    direct_total: float
    ratio_total: float
    combined_total: float
    correlation: float

    def to_dict(self) -> dict[str, Any]:
        """Plain form for JSON."""
        return asdict(self)


def projection_errors(
    tables: Sequence[MeasuredKernels], calibrations: CalibrationPool, *, withhold_target: bool = False
) -> list[ProjectionError]:
    """Errors for every pair of devices and every operator that has at least 20 calls on both.

    A call that a table has several times is left out, since one time cannot be told from the other.

    Parameters
    ----------
    tables : sequence of MeasuredKernels
    calibrations : CalibrationPool
    withhold_target : bool
        Predict the target without the calibrations that were fitted on it, as if it had never been measured.
    """
    sources = {table.accelerator.name: _times(table, calibrations) for table in tables}
    targets = sources
    if withhold_target:
        targets = {
            table.accelerator.name: _times(table, _without(calibrations, table.accelerator.name)) for table in tables
        }
    result = []
    for source, target in itertools.permutations(sources, 2):
        shared: defaultdict[tuple[str, str], list[_Key]] = defaultdict(list)
        for key in sources[source].keys() & targets[target].keys():
            shared[key[1], key[0]].append(key)
        for (op, measurements), keys in sorted(shared.items()):
            if len(keys) >= _FEWEST:
                times = np.array([(*sources[source][key], *targets[target][key]) for key in sorted(keys)])
                result.append(_error(op, source, target, measurements, times))
    return result


def summary(errors: Iterable[ProjectionError]) -> dict[str, dict[str, float]]:
    """Mean errors of each operator over all pairs of devices, weighted by calls."""
    groups: defaultdict[str, list[ProjectionError]] = defaultdict(list)
    for error in errors:
        groups[f"{error.op} ({error.measurements})"].append(error)
    names = ("direct", "ratio", "combined", "correlation")
    result = {}
    for op, rows in sorted(groups.items()):
        weights = np.array([row.calls for row in rows], dtype=np.float64)
        means = {name: float(np.average([getattr(row, name) for row in rows], weights=weights)) for name in names}
        result[op] = {"calls": float(weights.sum()), "pairs": float(len(rows)), **means}
    return result


def render_errors(errors: Sequence[ProjectionError], console: Console) -> None:
    """Print mean errors by operator."""
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("operator (measurements)", no_wrap=True)
    for column in ("pairs", "calls", "direct", "ratio", "combined", "correlation"):
        table.add_column(column, justify="right")
    for op, row in summary(errors).items():
        shares = (f"{row[name]:.1%}" for name in ("direct", "ratio", "combined"))
        table.add_row(op, f"{row['pairs']:.0f}", f"{row['calls']:.0f}", *shares, f"{row['correlation']:+.2f}")
    console.print(table)


def _without(calibrations: CalibrationPool, device: str) -> CalibrationPool:
    """Calibrations that were not fitted on a device."""
    return calibrations.without({c.name for c in calibrations.calibrations if device in c.accelerators})


def _times(table: MeasuredKernels, calibrations: CalibrationPool) -> Mapping[_Key, tuple[float, float]]:
    """(measured, predicted) time of each call that occurs once. [s]"""
    kernels = assign_units(table.kernels, table.accelerator)
    timings = timings_of(calibrations, table.accelerator.name)
    timing = [timings.get(way, NO_OVERHEAD) for way in zip(table.source, table.op, strict=True)]
    predicted = with_timing(
        table.per_row(table.costs(kernels, calibrations)[0]),
        floor=np.array([t.floor for t in timing]),
        offset=np.array([t.offset for t in timing]),
    )
    found: defaultdict[_Key, list[tuple[float, float]]] = defaultdict(list)
    for row, key in enumerate(zip(table.source, table.op, table.dtype, table.shapes, strict=True)):
        found[key].append((float(table.latency[row]), float(predicted[row])))
    return {key: times[0] for key, times in found.items() if len(times) == 1}


def _error(op: str, source: str, target: str, measurements: str, times: FloatArray) -> ProjectionError:
    measured_source, predicted_source, measured, direct = times.T
    residual = measured_source / predicted_source
    ratio, combined = direct * residual, direct * carried_over(residual)
    logs = np.log(residual), np.log(measured / direct)
    spread = min(float(np.std(log)) for log in logs)
    return ProjectionError(
        op=op,
        source=source,
        target=target,
        measurements=measurements,
        calls=len(times),
        **{
            name: float(np.abs(time / measured - 1).mean())
            for name, time in (("direct", direct), ("ratio", ratio), ("combined", combined))
        },
        **{
            f"{name}_total": float(time.sum() / measured.sum() - 1)
            for name, time in (("direct", direct), ("ratio", ratio), ("combined", combined))
        },
        correlation=float(np.corrcoef(*logs)[0, 1]) if spread > 0 else 0.0,
    )
