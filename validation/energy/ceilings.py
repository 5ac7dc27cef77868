"""Sustained matrix rates of power-limited boards: what their power says about the energy of a FLOP.

A board that multiplies large matrices for long is held at its limit; the rate that it keeps follows from the energies,
and published rates test them on many more parts than energies were ever measured on.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from hw_specs import load_accelerator
from hw_specs.energy_calibration import EnergyCalibration, list_energy_calibrations, load_energy_calibration
from hw_specs.inheritance.power_rules import relative_voltage
from hw_specs.inheritance.sustained_rates import FREE_SHARE, SustainedRate, sustained_rates
from simulator.cost.hardware.power import RATE_NOTE, PowerModel, matrix_width, power_model
from simulator.energy.run import sustained_clock

__all__ = [
    "CeilingError",
    "board_of",
    "ceiling_errors",
    "ceiling_of",
    "ceilings",
    "rate_note",
    "sustained_rate",
]


def ceilings() -> tuple[SustainedRate, ...]:
    """Published rates of 16-bit products, one of each part."""
    return sustained_rates("matrix")


@dataclass(frozen=True, slots=True, kw_only=True)
class CeilingError:
    """A published rate and the one that the power model predicts.

    Attributes
    ----------
    accelerator, basis : str
    measured, predicted : float
        [FLOP/s]
    error : float
        ``predicted / measured - 1``.
    limited : bool
        Whether the power limit, and not the peak, sets the predicted rate.
    fitted : bool
        Whether the rate took part in a fit.
    implied : float or None
        log of the power above idle at boost that the published rate implies, over the predicted one; None where the
        part reaches its peak, which bounds it from above only.
    source : str
    """

    accelerator: str
    basis: str
    measured: float
    predicted: float
    error: float
    limited: bool
    fitted: bool
    implied: float | None
    source: str


def sustained_rate(accelerator_name: str, model: PowerModel) -> float:
    """16-bit rate of long products at the clock that the limit allows. [FLOP/s]"""
    peak = _free_rate(accelerator_name)
    clock = sustained_clock(_boost_power(peak, model), idle=model.parameters.idle, board=model.board)
    return clock * peak


def ceiling_errors(calibrations: Iterable[EnergyCalibration] | None = None) -> list[CeilingError]:
    """Published against predicted rates of all parts."""
    names = list_energy_calibrations()
    pool = tuple(map(load_energy_calibration, names)) if calibrations is None else tuple(calibrations)
    fitted = frozenset(board_of(c.accelerator) for c in pool if any(RATE_NOTE in item.what for item in c.fitted_on))
    return [_error(ceiling, pool, fitted) for ceiling in ceilings()]


def board_of(accelerator: str) -> str:
    """Part among the :func:`ceilings` with the same die and limit, else the part itself."""
    return next((c.accelerator for c in ceilings() if accelerator in c.same_board), accelerator)


def ceiling_of(accelerator: str) -> float | None:
    """Published rate of long 16-bit products on a part, None where there is none. [FLOP/s]"""
    return next((c.rate for c in ceilings() if c.accelerator == board_of(accelerator)), None)


def rate_note(rate: float | None) -> str:
    """How a calibration says that a rate took part in its fit; empty where none did."""
    return "" if rate is None else f", and its {RATE_NOTE} of {rate / 1e12:.4g} TFLOP/s"


def _error(ceiling: SustainedRate, pool: tuple[EnergyCalibration, ...], fitted: frozenset[str]) -> CeilingError:
    model = power_model(load_accelerator(ceiling.accelerator), pool)
    peak = _free_rate(ceiling.accelerator)
    predicted = sustained_rate(ceiling.accelerator, model)
    return CeilingError(
        accelerator=ceiling.accelerator,
        basis=model.basis,
        measured=ceiling.rate,
        predicted=predicted,
        error=predicted / ceiling.rate - 1,
        limited=predicted < peak,
        fitted=ceiling.accelerator in fitted,
        implied=_implied(ceiling.rate / peak, _boost_power(peak, model), model),
        source=ceiling.source,
    )


def _implied(clock: float, boost: float, model: PowerModel) -> float | None:
    if clock >= 0.98 or model.board is None:
        return None
    idle = model.parameters.idle
    needed = (model.board - idle) / (clock * relative_voltage(clock) ** 2)
    return math.log(needed / (boost - idle))


def _free_rate(name: str) -> float:
    matrix = load_accelerator(name).peak.matrix
    halves = [matrix[n] for n in ("fp16", "bf16") if n in matrix]
    return FREE_SHARE * max(halves, default=matrix_width(load_accelerator(name)))


def _boost_power(rate: float, model: PowerModel) -> float:
    p = model.parameters
    return p.idle + p.active + p.matrix * rate
