"""Least-squares fit of one or more parameter groups to measured operator calls.

All parameters are fitted first, to a few rows and from there to all. Those that the rows do not determine
(:mod:`validation.fitting.determination`) then go back to their defaults, and the others are fitted again without them.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hw_specs import CalibrationPool
from simulator.cost import PARAMETERS, hardware_columns
from simulator.cost.families import GROUPS
from simulator.cost.inheritance import Origin, accelerator_origin, carried
from validation.measured.tables import MeasuredKernels
from validation.measured.timing import Timing

from .determination import undetermined
from .device_rows import DeviceRows, TimingKey, row_groups, rows_to_fit, timing_floors

__all__ = ["OBSERVED", "Fit", "fit_groups", "held_out"]

FloatArray = NDArray[np.float64]

#: Parameters that published tables do not tell, and a campaign on a machine at hand may.
OBSERVED = frozenset(name for name, parameter in PARAMETERS.items() if parameter.observed)

#: Log residual beyond which a row counts as an outlier (library heuristics, disturbed runs). [1]
_OUTLIER = 0.08

#: Pull of each parameter towards its default, in rows of typical error: settles what the data cannot. Towards what a
#: joint fit to all other devices finds, a device that was left out is predicted no better: bf16 products of H100, H200,
#: GB200 and B200 with errors of 7.9, 8.1, 12.0 and 8.8 % in place of 7.9, 7.4, 10.1 and 8.8, 8-bit products and
#: attention within 0.1 %; ten times the pull gives 7.6, 8.3, 12.0 and 8.7.
_PULL = 0.3


#: Distance to an end of the physical range, over the range, within which a parameter counts as at its bound. [1]
_AT_BOUND = 0.01

#: Most rows of one device and operator that a fit takes, the share of them that it starts with, and most evaluations of
#: the gradient.
_MOST_ROWS = 900
_FIRST_ROWS = 0.15
_MOST_STEPS = 25

#: Relative fall of the cost below which a step is the last. [1]
_LEAST_GAIN = 1e-4


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Fit:
    """Fitted parameters and timings.

    Attributes
    ----------
    parameters : dict
        ``group.name`` to value, held ones among them.
    held : tuple of str
        Parameters that the rows do not determine, which keep their defaults.
    at_bound : tuple of str
        Fitted parameters at an end of their physical range.
    timings : dict
        (device, source, op) to timing.
    """

    parameters: Mapping[str, float]
    held: tuple[str, ...]
    at_bound: tuple[str, ...]
    timings: Mapping[tuple[str, str, str], Timing]

    def fitted(self) -> dict[str, float]:
        """Parameters that rows determined, to four digits."""
        return {name: float(f"{value:.4g}") for name, value in self.parameters.items() if name not in self.held}


def held_out(measured: MeasuredKernels) -> NDArray[np.bool_]:
    """Rows that no fit may see: a quarter of the shapes, by a checksum of the shape. Shape (num_rows,)."""
    checks = np.array([zlib.crc32(shape.encode()) for shape in measured.shapes], dtype=np.int64)
    out: NDArray[np.bool_] = checks % 4 == 0
    return out


def fit_groups(
    groups: Sequence[str],
    measured: Sequence[MeasuredKernels],
    *,
    origin: Origin[float] | None = None,
    held: Collection[str] = (),
    most_rows: int = _MOST_ROWS,
    observed: CalibrationPool,
) -> Fit:
    """Parameters of some groups that minimise the log residuals of all rows that use nothing else.

    Parameters
    ----------
    groups : sequence of str
    measured : sequence of MeasuredKernels
        Rows to fit on, one entry a device.
    origin : Origin[float], optional
        Part that the parameters shall describe; each device then computes with what it would inherit from that part.
        By default all devices share the parameters as they are.
    held : collection of str
        Parameters that keep their defaults, whatever the rows say.
    most_rows : int
        Most rows of one device and operator that take part.
    observed : CalibrationPool
        Observations of single parameters, which take the place of defaults.
    """
    problem = _Problem.build(groups, measured, origin=origin, held=held, most_rows=most_rows, observed=observed)
    first = problem.thinned(max(int(_FIRST_ROWS * most_rows), 1))
    unknowns = _solved(problem, _solved(first, np.zeros(first.size)))
    while (idle := problem.undetermined(unknowns)).size:
        problem = problem.holding(idle)
        unknowns = _solved(problem, np.delete(unknowns, idle))
    return problem.fit(unknowns)


def _solved(problem: _Problem, start: FloatArray) -> FloatArray:
    """Unknowns with the least cost that is found from a start."""
    from scipy.optimize import least_squares

    if not problem.size:
        return np.zeros(0)
    solution = least_squares(
        problem.shifted_residuals,
        start + 1.0,  # the step of the gradient is relative, so unknowns must not start at zero
        loss="soft_l1",
        f_scale=_OUTLIER,
        max_nfev=_MOST_STEPS,
        ftol=_LEAST_GAIN,
        diff_step=[2e-2] * problem.size,
        x_scale=1.0,
    )
    best: FloatArray = solution.x - 1.0
    return best


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Problem:
    """Unknowns are logits between the bounds, relative to the defaults; timings follow the parameters."""

    names: tuple[str, ...]
    lower: FloatArray
    upper: FloatArray
    start: FloatArray
    timing_keys: tuple[TimingKey, ...]
    timing_floor: FloatArray
    parts: tuple[DeviceRows, ...]
    groups: tuple[str, ...]
    origin: Origin[float] | None
    observed: CalibrationPool
    defaults: Mapping[str, float]
    held: Mapping[str, float]

    @property
    def size(self) -> int:
        return len(self.names) + len(self.timing_keys)

    @classmethod
    def build(
        cls,
        groups: Sequence[str],
        measured: Sequence[MeasuredKernels],
        *,
        origin: Origin[float] | None,
        held: Collection[str],
        most_rows: int,
        observed: CalibrationPool,
    ) -> _Problem:
        used = [m.select(rows) for m in measured if len(rows := rows_to_fit(groups, m, most_rows))]
        defaults = _defaults(groups, used, observed)
        names = tuple(name for name in defaults if name not in held)
        keys, floors = timing_floors(used)
        lower = np.array([PARAMETERS[name].lower for name in names])
        upper = np.array([PARAMETERS[name].upper for name in names])
        default = np.array([defaults[name] for name in names])
        share = np.clip((default - lower) / (upper - lower), 0.02, 0.98)
        return cls(
            names=names,
            lower=lower,
            upper=upper,
            start=np.log(share / (1.0 - share)),
            timing_keys=keys,
            timing_floor=floors,
            parts=tuple(DeviceRows.build(m, keys, floors, observed) for m in used),
            groups=tuple(groups),
            origin=origin,
            observed=observed,
            defaults=defaults,
            held={name: value for name, value in defaults.items() if name in held},
        )

    def values(self, unknowns: FloatArray) -> tuple[dict[str, float], FloatArray]:
        """Parameters, and the offset of each timing as a share of its floor."""
        logits = self.start + unknowns[: len(self.names)]
        values = self.lower + (self.upper - self.lower) / (1.0 + np.exp(-logits))
        shares = 1.0 / (1.0 + np.exp(-unknowns[len(self.names) :]))
        return {**self.held, **dict(zip(self.names, values.tolist(), strict=True))}, shares

    def residuals(self, unknowns: FloatArray) -> FloatArray:
        """Weighted log residuals of all rows, and the pull towards the defaults."""
        return np.append(self.errors(unknowns), _PULL * _OUTLIER * unknowns)

    def errors(self, unknowns: FloatArray) -> FloatArray:
        """Weighted log residuals of all rows."""
        parameters, shares = self.values(unknowns)
        offsets = shares * self.timing_floor
        errors = [part.errors(self._on(part, parameters), offsets) for part in self.parts]
        return np.concatenate(errors) if errors else np.zeros(0)

    def _on(self, part: DeviceRows, parameters: dict[str, float]) -> dict[str, float]:
        """Parameters as one device has them."""
        if self.origin is None:
            return parameters
        here = accelerator_origin(part.measured.accelerator)
        for group in self.groups:
            parameters = carried(parameters, group, here=here, there=self.origin)
        return parameters

    def thinned(self, most_rows: int) -> _Problem:
        """The problem with fewer rows of each device and operator."""
        parts = (part.measured.select(rows_to_fit(self.groups, part.measured, most_rows)) for part in self.parts)
        return replace(
            self,
            parts=tuple(
                DeviceRows.build(m, self.timing_keys, self.timing_floor, self.observed) for m in parts if len(m)
            ),
        )

    def holding(self, idle: NDArray[np.int64]) -> _Problem:
        """The problem without some of its parameters, which keep their defaults."""
        given_up = {self.names[i]: self.defaults[self.names[i]] for i in idle.tolist()}
        kept = [i for i in range(len(self.names)) if self.names[i] not in given_up]
        return replace(
            self,
            names=tuple(self.names[i] for i in kept),
            lower=self.lower[kept],
            upper=self.upper[kept],
            start=self.start[kept],
            held={**self.held, **given_up},
        )

    def undetermined(self, unknowns: FloatArray) -> NDArray[np.int64]:
        """Parameters, by position, that the rows do not tell from a solution."""
        effects = [self._effect(unknowns, index) for index in range(self.size)]
        rows = np.concatenate([row_groups(part.measured) for part in self.parts]) if self.parts else np.zeros(0, int)
        weight = np.concatenate([part.weight for part in self.parts]) if self.parts else np.zeros(0)
        used = [(rows >> GROUPS.index(PARAMETERS[name].group)) & 1 > 0 for name in self.names]
        scale = np.array([np.linalg.norm(weight[chosen]) for chosen in used] + [1.0] * len(self.timing_keys))
        table = np.stack(effects, axis=1) if effects else np.zeros((len(rows), 0))
        return undetermined(table, scale, np.arange(len(self.names)))

    def _effect(self, unknowns: FloatArray, index: int) -> FloatArray:
        """Change of all rows with a step of an unknown to either side, or with its return to the default if that is
        further: where a parameter is at a bound, a step changes nothing.
        """
        step = np.zeros(self.size)
        step[index] = 1.0
        if abs(unknowns[index]) > 1.0:
            return self.errors(unknowns) - self.errors(unknowns - unknowns[index] * step)
        return 0.5 * (self.errors(unknowns + step) - self.errors(unknowns - step))

    def shifted_residuals(self, shifted: FloatArray) -> FloatArray:
        """Residuals of unknowns that start at one."""
        return self.residuals(shifted - 1.0)

    def fit(self, unknowns: FloatArray) -> Fit:
        parameters, shares = self.values(unknowns)
        timings = {
            key: Timing(floor=float(floor), offset=float(floor * share))
            for key, floor, share in zip(self.timing_keys, self.timing_floor, shares, strict=True)
        }
        reached = np.array([parameters[name] for name in self.names])
        close = np.minimum(reached - self.lower, self.upper - reached) < _AT_BOUND * (self.upper - self.lower)
        return Fit(
            parameters=parameters,
            held=tuple(self.held),
            at_bound=tuple(name for name, at in zip(self.names, close.tolist(), strict=True) if at),
            timings=timings,
        )


def _defaults(
    groups: Sequence[str], measured: Sequence[MeasuredKernels], observed: CalibrationPool
) -> dict[str, float]:
    """Values without any fit of the parameters of some groups, as the first device of some has them."""
    names = [name for name, p in PARAMETERS.items() if p.group in groups]
    if not measured:
        return {name: PARAMETERS[name].default for name in names}
    columns = hardware_columns([measured[0].accelerator], observed)
    return {name: float(columns.parameter(name)[0]) for name in names}
