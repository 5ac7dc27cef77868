"""What of a fitted parameter follows the accelerator that inherits it: process and clock, or memory bandwidth.

A parameter is fitted on some accelerator and used on another. Most are shares of a datasheet quantity and carry over as
they are. Three are known better: the energy of matrix arithmetic goes with the manufacturing process and with the
voltage that the clock under load takes (:mod:`hw_specs.inheritance.process`); the share of the DRAM bandwidth that
kernels reach goes with the share that a plain copy reaches, which microbenchmarks publish for many accelerators; and
what one core pulls goes with its share of the bandwidth: a core of a B200 has 4 times as much of it as one of an A100,
and enough bytes in flight to use it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from hw_specs import Accelerator, Calibration, CalibrationMatch, CalibrationPool, SpecError, load_accelerator
from hw_specs.inheritance.process import clock_under_load, matrix_energy_ratio, overvoltage, vector_energy_ratio

from .families import PARAMETERS, group_named
from .hardware.cores import block_cores, product_of
from .hardware.memory_rates import dram_achievable_copy
from .parameters import Follows, Parameter

__all__ = ["MATRIX_ENERGIES", "REFERENCE", "Origin", "accelerator_origin", "carried", "nearest", "origin_of"]

#: Energies of matrix arithmetic, which published sustained rates bound on many accelerators
#: (:mod:`hw_specs.inheritance.process`). Kernels timed one by one tell them on few: most end before the power limit
#: acts.
MATRIX_ENERGIES = frozenset(name for name, p in PARAMETERS.items() if p.follows is Follows.MATRIX_PROCESS)


class Load(NamedTuple):
    """Boost clock [Hz], 16-bit rate of the matrix units at it [FLOP/s], and power limit [W] of a board."""

    boost: float
    rate: float
    power: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Accelerator that parameters describe.

    Attributes
    ----------
    process : str or None
        Manufacturing process.
    copy_share : float or None
        Share that a copy reaches of the DRAM bandwidth that check bits leave, None where nobody published it. [1]
    by_core : float or None
        DRAM bandwidth over the number of cores; of a changed accelerator over those of what it was, since a core pulls
        no less for having others beside it. [B/s]
    load : Load or None
        Matrix units under a power limit, None where clock, peak or limit are not published.
    """

    process: str | None
    copy_share: float | None
    by_core: float | None
    load: Load | None = None


#: What the parameters of the calibration for all accelerators describe, in the middle of those measured.
REFERENCE = Origin(process="7nm", copy_share=0.85, by_core=1.2e10)


def nearest(accelerator: Accelerator, group: str, pool: CalibrationPool) -> tuple[CalibrationMatch | None, str]:
    """Calibration of a group or of one that it resembles, and the group it is of: the nearest, its own where alike."""
    found = [
        (match, source)
        for source in (group, *group_named(group).related)
        if (match := pool.match(accelerator, source)) is not None
    ]
    own = [(match, source) for match, source in found if source == group and match.basis == "calibrated"]
    return min(own or found, key=lambda pair: _steps(pair[0]), default=(None, group))


def _steps(match: CalibrationMatch) -> float:
    """Steps of lineage, of which the generic calibration is beyond all."""
    return math.inf if match.distance is None else max(match.distance, 0)


def origin_of(calibration: Calibration, group: str) -> Origin:
    """What a calibration's parameters of a group describe: the first accelerator that they were fitted on."""
    if calibration.scope == "generic":
        return REFERENCE
    measured = calibration.groups.get(group, calibration.accelerators)
    try:
        return accelerator_origin(load_accelerator(measured[0]))
    except (IndexError, SpecError):  # nothing named, or a machine that its user probed
        return Origin(process=None, copy_share=None, by_core=None)


def accelerator_origin(accelerator: Accelerator) -> Origin:
    """Process and memory of an accelerator."""
    dram = accelerator.memory.dram
    by_core = dram.bandwidth / block_cores(product_of(accelerator)) if dram.bandwidth else None
    left = dram_achievable_copy(accelerator)
    share = min(dram.measured_bandwidth / left, 1.0) if dram.measured_bandwidth is not None and left > 0 else None
    return Origin(
        process=accelerator.process,
        copy_share=share,
        by_core=by_core,
        load=_load_of(accelerator),
    )


def _load_of(accelerator: Accelerator) -> Load | None:
    peaks = accelerator.peak.matrix
    rate = max((peaks[name] for name in ("bf16", "fp16") if name in peaks), default=None)
    power = accelerator.power.board if accelerator.power else None
    clock = accelerator.cores.clock
    return Load(clock, rate, power) if clock and rate and power else None


def carried(values: Mapping[str, float], group: str, *, here: Origin, there: Origin) -> dict[str, float]:
    """Parameters of a group as another accelerator has them.

    Parameters
    ----------
    values : mapping
        ``group.name`` to value; those of other groups are left as they are.
    group : str
    here, there : Origin
        Accelerator that gets the parameters, and the one that they describe.
    """
    return {
        name: _inherited(parameter, value, here, there)
        if (parameter := PARAMETERS.get(name)) is not None and parameter.group == group
        else value
        for name, value in values.items()
    }


def _inherited(parameter: Parameter, value: float, here: Origin, there: Origin) -> float:
    if parameter.follows is Follows.MATRIX_PROCESS:
        return _matrix_energy(parameter, value, here, there)
    if parameter.follows is Follows.VECTOR_PROCESS:
        return _within(parameter, value * _ratio(vector_energy_ratio, here, there))
    if parameter.follows is Follows.COPY_SHARE and here.copy_share is not None and there.copy_share is not None:
        return _within(parameter, value * (here.copy_share / there.copy_share))
    if parameter.follows is Follows.CORE_BANDWIDTH and here.by_core is not None and there.by_core is not None:
        return _within(parameter, value * (here.by_core / there.by_core))
    return value


def _ratio(energy: Callable[[str | None], float | None], here: Origin, there: Origin) -> float:
    """Energy of an operation in one process over that in another; 1 where either is not known."""
    own, other = energy(here.process), energy(there.process)
    return own / other if own is not None and other is not None else 1.0


def _matrix_energy(parameter: Parameter, value: float, here: Origin, there: Origin) -> float:
    """Energy in the process of an accelerator, at the voltage that its clock under load takes, from another's."""
    process = _ratio(matrix_energy_ratio, here, there)
    energy = _within(parameter, value * process)
    if here.load is None:
        return energy
    least = energy
    if there.load is not None:
        full = energy / process * parameter.operations * there.load.rate
        clock = there.load.boost * min(there.load.power / full, 1.0)
        least = energy / overvoltage(clock)
    rate = parameter.operations * here.load.rate
    clock = clock_under_load(boost=here.load.boost, rate=rate, power=here.load.power, energy=least)
    return _within(parameter, energy * (least * overvoltage(clock) / energy))


def _within(parameter: Parameter, value: float) -> float:
    return min(max(value, parameter.lower), parameter.upper)
