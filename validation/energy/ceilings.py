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
from simulator.energy.power import PowerModel, matrix_width, power_model
from simulator.energy.run import sustained_clock

__all__ = [
    "CEILINGS",
    "Ceiling",
    "CeilingError",
    "board_of",
    "ceiling_errors",
    "ceiling_of",
    "rate_note",
    "sustained_rate",
]

#: Share of the peak that the best products reach where nothing holds the clock (RTX 4090 0.94, RTX 2080 Ti 0.94, A100
#: with operands of zeros 0.95).
_FREE_SHARE = 0.95

_RATE = "sustained matrix rate"
_MAMF = "github.com/stas00/ml-engineering @744d01e1, maximum achievable matmul"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """Highest rate of 16-bit products published for a part.

    Attributes
    ----------
    accelerator : str
    rate : float
        [FLOP/s]
    source : str
    """

    accelerator: str
    rate: float
    source: str


#: One figure a part; where sources differ, the one measured longest.
CEILINGS: tuple[Ceiling, ...] = (
    Ceiling(accelerator="A100-SXM4-80GB", rate=271.2e12, source=_MAMF),
    Ceiling(accelerator="A100-PCIe-80GB", rate=252.9e12, source=_MAMF),
    Ceiling(accelerator="A100-PCIe-40GB", rate=158e12, source="github.com/NVIDIA/cutlass issue 956, CUTLASS profiler"),
    Ceiling(accelerator="H100-SXM5-80GB", rate=794.5e12, source=_MAMF),
    Ceiling(accelerator="B200", rate=1745e12, source=_MAMF),
    Ceiling(accelerator="GB200", rate=1822e12, source=_MAMF),
    Ceiling(accelerator="T4", rate=24e12, source="forums.developer.nvidia.com topic 264462, 4096^3, power capped"),
    Ceiling(accelerator="L4", rate=87e12, source="forums.developer.nvidia.com, at 72 W"),
    Ceiling(accelerator="TITAN-V", rate=77.4e12, source="gist ypwhs/a156353c, Linear 4096^3, 2018"),
    Ceiling(accelerator="V100-SXM2-16GB", rate=97.5e12, source="github.com/lablup/mlxcel issue 1654, 95 to 100"),
    Ceiling(accelerator="RTX-2080-Ti", rate=53.4e12, source="gist ypwhs/a156353c, Linear 4096^3, 2018"),
    Ceiling(accelerator="RTX-4090", rate=155.4e12, source="4096^3 fp16, hardware notes of this project"),
    Ceiling(accelerator="MI300X", rate=708e12, source="rocm.blogs.amd.com, maximum achievable FLOPs, part 2"),
    Ceiling(accelerator="MI325X", rate=843e12, source="rocm.blogs.amd.com, maximum achievable FLOPs, part 2"),
    Ceiling(accelerator="MI355X", rate=1565e12, source=_MAMF),
    Ceiling(accelerator="Gaudi2", rate=418.7e12, source=_MAMF),
    Ceiling(accelerator="Gaudi3", rate=1243e12, source=_MAMF),
)


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
    fitted = frozenset(board_of(c.accelerator) for c in pool if any(_RATE in item.what for item in c.fitted_on))
    return [_error(ceiling, pool, fitted) for ceiling in CEILINGS]


def board_of(accelerator: str) -> str:
    """Part among :data:`CEILINGS` with the same die and limit: the rate of A100 is that of the 80 GB board."""
    return {"A100-SXM4-40GB": "A100-SXM4-80GB"}.get(accelerator, accelerator)


def ceiling_of(accelerator: str) -> float | None:
    """Published rate of long 16-bit products on a part, None where there is none. [FLOP/s]"""
    return next((c.rate for c in CEILINGS if c.accelerator == board_of(accelerator)), None)


def rate_note(rate: float | None) -> str:
    """How a calibration says that a rate took part in its fit; empty where none did."""
    return "" if rate is None else f", and its {_RATE} of {rate / 1e12:.4g} TFLOP/s"


def _error(ceiling: Ceiling, pool: tuple[EnergyCalibration, ...], fitted: frozenset[str]) -> CeilingError:
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
    return _FREE_SHARE * max(halves, default=matrix_width(load_accelerator(name)))


def _boost_power(rate: float, model: PowerModel) -> float:
    p = model.parameters
    return p.idle + p.active + p.matrix * rate
