"""Rows of one device that a fit sees, and their times with trial parameters.

A trial changes one parameter at a time, so that most kernels keep the parameters of their group: times are kept by
group and parameters, and computed once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hw_specs import CalibrationPool
from simulator.cost import HardwareColumns, kernel_times, within_power
from simulator.cost.families import GROUPS, PARAMETERS, group_named, parameter_group
from simulator.kernels import KernelTables
from validation.measured.sources import source_of
from validation.measured.tables import MeasuredKernels
from validation.measured.timing import with_timing

__all__ = ["DeviceRows", "TimingKey", "row_groups", "rows_to_fit", "timing_floors"]

FloatArray = NDArray[np.float64]
TimingKey = tuple[str, str, str]

#: Rows longer than this count fully in a fit. [s]
_LONG = 50e-6
_SHORT_WEIGHT = 0.4

#: Times of calls that show the host alone, over the shortest of them.
_PILE = 1.25

#: Trials of one group whose times are kept.
_MOST_KEPT = 100


class _Times(NamedTuple):
    """Times at the boost clock, and within the power limit, shape (num_kernels,). [s]"""

    free: FloatArray
    limited: FloatArray


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _GroupKernels:
    """Kernels of one parameter group, their places among all of a device, and their times in earlier trials."""

    kernels: KernelTables
    places: NDArray[np.int64]
    hardware: HardwareColumns
    names: tuple[str, ...]
    kept: dict[tuple[float | None, ...], _Times] = field(default_factory=dict)

    def times(self, parameters: Mapping[str, float]) -> _Times:
        """Times with some parameters."""
        key = tuple(parameters.get(name) for name in self.names)
        if key not in self.kept:
            if len(self.kept) >= _MOST_KEPT:
                self.kept.clear()
            own = {name: parameters[name] for name in self.names if name in parameters}
            self.kept[key] = self._computed(self.hardware.with_parameters(own))
        return self.kept[key]

    def _computed(self, hardware: HardwareColumns) -> _Times:
        costs = kernel_times(self.kernels, hardware.at_boost())
        return _Times(costs.time[:, 0], within_power(costs, hardware).time[:, 0])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DeviceRows:
    """Rows of one device.

    Attributes
    ----------
    measured : MeasuredKernels
    timing : array of int, shape (num_rows,)
        Position of each row's way of timing among all of a fit, -1 where it has no overhead.
    floor : array of shape (num_rows,)
        Shortest time that it shows. [s]
    weight : array of shape (num_rows,)
    unknown_data : array of bool, shape (num_rows,)
        Where nobody knows what the operands held.
    groups : tuple
        Kernels by parameter group.
    """

    measured: MeasuredKernels
    timing: NDArray[np.int64]
    floor: FloatArray
    weight: FloatArray
    unknown_data: NDArray[np.bool_]
    groups: tuple[_GroupKernels, ...]

    @classmethod
    def build(
        cls, m: MeasuredKernels, keys: Sequence[TimingKey], floors: FloatArray, observed: CalibrationPool
    ) -> DeviceRows:
        """Rows of a device, with the ways of timing of a fit, their floors [s], and observations of parameters."""
        position = {key: index for index, key in enumerate(keys)}
        timing = np.array(
            [position.get((m.device, source, op), -1) for op, source in zip(m.op, m.source, strict=True)],
            dtype=np.int64,
        )
        return cls(
            measured=m,
            timing=timing,
            floor=np.append(floors, 0.0)[timing],
            weight=np.where((m.latency > _LONG) | (timing >= 0), 1.0, _SHORT_WEIGHT),
            unknown_data=m.unknown_data(),
            groups=_group_kernels(m, observed),
        )

    def errors(self, parameters: Mapping[str, float], offsets: FloatArray) -> FloatArray:
        """Weighted log residuals, ``log(predicted / measured)``, with some parameters and offsets of timings [s]."""
        offset = np.append(offsets, 0.0)[self.timing]
        shown = with_timing(self._times(parameters), floor=self.floor, offset=offset)
        errors: FloatArray = self.weight * np.log(shown / self.measured.latency)
        return errors

    def _times(self, parameters: Mapping[str, float]) -> FloatArray:
        """Time of the kernels of each row: within the power limit; where nobody knows what the operands held, whatever
        is nearest to the measured one between the boost clock and the limit. [s]
        """
        free, limited = (np.zeros(len(self.measured.kernels)) for _ in _Times._fields)
        for group in self.groups:
            free[group.places], limited[group.places] = group.times(parameters)
        least, most = self.measured.per_row(free), self.measured.per_row(limited)
        return np.where(self.unknown_data, np.clip(self.measured.latency, least, most), most)


def _group_kernels(m: MeasuredKernels, observed: CalibrationPool) -> tuple[_GroupKernels, ...]:
    hardware, groups, found = m.hardware(observed), parameter_group(m.kernels, m.accelerator.traits.engine), []
    calls = m.calls_in_a_row()
    for code, repeats in sorted(set(zip(groups.tolist(), calls.tolist(), strict=True))):
        places = np.flatnonzero((groups == code) & (calls == repeats))
        used = (GROUPS[code], *group_named(GROUPS[code]).borrowed)
        found.append(
            _GroupKernels(
                kernels=m.kernels.select(places),
                places=places,
                hardware=hardware.repeated(repeats),
                names=tuple(name for name, p in PARAMETERS.items() if p.group in used),
            )
        )
    return tuple(found)


def row_groups(measured: MeasuredKernels) -> NDArray[np.int64]:
    """Bit mask of the parameter groups that the kernels of each row use, shape (num_rows,)."""
    masks = np.zeros(len(measured), dtype=np.int64)
    bits = np.left_shift(np.int64(1), parameter_group(measured.kernels, measured.accelerator.traits.engine))
    np.bitwise_or.at(masks, measured.row, bits)
    return masks


def rows_to_fit(groups: Sequence[str], measured: MeasuredKernels, most_rows: int) -> NDArray[np.int64]:
    """Rows that use only some groups, thinned evenly for each operator."""
    allowed = sum(1 << GROUPS.index(group) for group in groups)
    fits = (row_groups(measured) & ~np.int64(allowed)) == 0
    chosen: list[NDArray[np.int64]] = []
    calls = np.array([f"{op} {dtype}" for op, dtype in zip(measured.op, measured.dtype, strict=True)])
    for call in np.unique(calls[fits]):
        rows = np.flatnonzero(fits & (calls == call))
        keep = np.unique(np.linspace(0, len(rows) - 1, min(most_rows, len(rows))).astype(np.int64))
        chosen.append(rows[keep])
    return np.sort(np.concatenate(chosen)) if chosen else np.array([], dtype=np.int64)


def timing_floors(measured: Sequence[MeasuredKernels]) -> tuple[tuple[tuple[str, str, str], ...], FloatArray]:
    """Keys of the ways of timing that have an overhead, and the shortest time that each shows."""
    times: dict[tuple[str, str, str], list[float]] = {}
    for m in measured:
        for op, source, latency in zip(m.op, m.source, m.latency.tolist(), strict=True):
            if source_of(source).timed_from_host:
                times.setdefault((m.device, source, op), []).append(latency)
    return tuple(times), np.array([_floor(latencies) for latencies in times.values()])


def _floor(latencies: Sequence[float]) -> float:
    """Time at which the shortest calls pile up; where they do not, close to the shortest. [s]"""
    return float(min(np.quantile(latencies, 0.05), _PILE * min(latencies)))
