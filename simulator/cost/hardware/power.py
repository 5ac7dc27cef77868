r"""Power of a part: fitted where its energy was measured, else carried over from a part where it was.

What carries over, and how:

* switching energies (a FLOP, a score, a special function) with the published step between the two processes, or, on the
  same silicon, with the square of the voltage that its boost clock takes: an L40S (2520 MHz) spends 1.3 times as much
  as an L4 (2040 MHz), and products of either meet their measured rates;
* the power of running cores with that step and with the rate of the matrix units: wider cores and more of them switch
  more, :math:`P = P_0 (F / F_0) (s / s_0)`, with the 16-bit rate `F` that the units have before a vendor halves it;
* energy of DRAM with its kind, idle power with its kind and the board's limit
  (:mod:`hw_specs.inheritance.power_rules`).

A systolic engine is none of these parts: it spends what its own maker publishes.

Whatever was fitted or carried over, a board cannot multiply faster than its limit pays for: published sustained rates
(:mod:`hw_specs.inheritance.sustained_rates`) bound the energies of matrix units, for all parts of an architecture,
and where no relative's energy was measured they are all that is known, and set it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from hw_specs import Accelerator, lineage_distance, load_accelerator
from hw_specs.energy_calibration import (
    EnergyCalibration,
    EnergyParameters,
    list_energy_calibrations,
    load_energy_calibration,
)
from hw_specs.inheritance.power_rules import dram_rule, idle_power, process_step, relative_voltage
from hw_specs.inheritance.sustained_rates import FREE_SHARE, SustainedRate, sustained_rates

from .cores import SYSTOLIC, VECTOR_ISSUE, product_of
from .published_power import published_energies

__all__ = ["RATE_NOTE", "EnergyBasis", "PowerModel", "UnknownPowerError", "matrix_width", "power_model", "power_share"]

#: How a calibration says that a published rate took part in its fit.
RATE_NOTE = "sustained matrix rate"

EnergyBasis = Literal["calibrated", "inherited", "datasheet"]
Unit = Literal["matrix", "vector"]

#: Published energies of 7 nm parts that no fit resolves. A result of a special function unit counts as four FLOPs,
#: since those units have a quarter of the lanes. The byte through the cache is a wire across the die (16 pJ/B for 20 mm
#: at 28 nm, W. Dally, "The path to exascale", 2013; wires scale little).
VECTOR_ENERGY, SPECIAL_ENERGY, CACHE_ENERGY = 5e-12, 20e-12, 10e-12

#: Rates of the narrower formats that a vendor does not halve on cards for games, over the 16-bit rate.
_FULL_RATES = (("int8", 2.0), ("fp8", 2.0))
#: fp32 vector FLOPs that stand for one 16-bit matrix FLOP's width, for parts without matrix units (A100: 312 / 19.5).
_WIDTH_OF_VECTOR = 16.0

#: Share of the power between idle and limit that a busy part draws, where nothing better is known.
_BUSY_SHARE = 0.8
#: log(measured / predicted) of the power above idle, 10 and 90 %, where a board's limit is all there is.
_LIMIT_ALONE_SPREAD = (-0.7, 0.25)
_SCOPE = {"calibrated": "held_out", "inherited": "left_out_device", "datasheet": "other_architecture"}


class UnknownPowerError(ValueError):
    """The specification of an accelerator says nothing from which its power follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerModel:
    """Power and energies of one part at its boost clock.

    Attributes
    ----------
    parameters : EnergyParameters
    board : float or None
        Power at which the clock is held, None where the board's limit is not known. [W]
    basis : {"calibrated", "inherited", "datasheet"}
        Energy of this very part was measured; of a relative; or only its datasheet and process stand behind it.
    spread : (float, float)
        10 and 90 % quantiles of log(measured / predicted) of the power above idle.
    fitted_on : tuple of str
        Measurements behind the numbers.
    active_vector : float
        What kernels that multiply on vector units add in place of ``parameters.active``. [W]
    busy_share : float or None
        Share of the power between idle and limit that running cores take, where no energy of theirs is known. [1]
    """

    parameters: EnergyParameters
    board: float | None
    basis: EnergyBasis
    spread: tuple[float, float]
    fitted_on: tuple[str, ...]
    active_vector: float = 0.0
    busy_share: float | None = None


def power_model(accelerator: Accelerator, calibrations: Iterable[EnergyCalibration] | None = None) -> PowerModel:
    """Power model of an accelerator.

    Parameters
    ----------
    accelerator : Accelerator
        A hypothetical one is never ``calibrated``.
    calibrations : iterable of EnergyCalibration, optional
        Those that ship by default.

    Raises
    ------
    UnknownPowerError
        Neither board power nor idle power is known.
    """
    pool = _shipped() if calibrations is None else tuple(calibrations)
    model = _unbounded(accelerator, pool)
    if accelerator.traits.engine == SYSTOLIC:
        return model
    matrix, vector = (_factor(unit, accelerator, model, pool) for unit in ("matrix", "vector"))
    known = model.parameters
    scaled = {"active": matrix * known.active, "matrix": matrix * known.matrix, "vector": vector * known.vector}
    return replace(
        model,
        parameters=known.model_copy(update=scaled),
        active_vector=vector * known.active,
    )


class _Bound(NamedTuple):
    """Energy of an operation that a published rate of a part leaves at its boost clock, that clock, and whether the
    limit held the part at that rate.
    """

    part: str
    energy: float
    clock: float
    held: bool
    burst: bool


def _factor(unit: Unit, accelerator: Accelerator, model: PowerModel, pool: tuple[EnergyCalibration, ...]) -> float:
    """Energies of a unit that published rates leave, over those that were fitted or carried over.

    The rates of all parts of an architecture bound it, at the voltage that each part's boost clock takes. Rates of best
    products are of bursts with a share of idle time: where a fit weighed one against energies of whole runs, which keep
    the board at its limit, that rate alone counts, and for a part whose readings were fitted its own. A rate at which
    the limit is known to have held a board tells that board's energy, where no reading of its own does.
    """
    energy = _energy(unit, model)
    if not energy:
        return 1.0
    silicon = _silicon(accelerator)
    known = _published_bounds(unit, silicon) if pool is _shipped() else _bounds(unit, silicon, pool)
    if any(load_accelerator(entry.accelerator).architecture in silicon for entry in pool):
        known = tuple(bound for bound in known if not bound.burst)
    name, clock = product_of(accelerator).name, _boost(accelerator)
    factors = [(b.part, b.energy / energy * _overvoltage(clock, b.clock)) for b in known]
    held = {b.part for b in known if b.held}
    own = [factor for part, factor in factors if part == name]
    every = [factor for _, factor in factors]
    if name in held and model.basis != "calibrated":
        return min(own)
    if model.basis == "datasheet" and unit == "matrix":
        return min(own or every, default=1.0)
    weighed = [factor for part, factor in factors if part in _weighed_boards(pool)]
    measured = any(entry.accelerator == name for entry in pool)
    return min([1.0, *(weighed or (own if measured else []) or every)])


@functools.cache
def _published_bounds(unit: Unit, architectures: frozenset[str]) -> tuple[_Bound, ...]:
    return _bounds(unit, architectures, _shipped())


def _bounds(unit: Unit, architectures: frozenset[str], pool: tuple[EnergyCalibration, ...]) -> tuple[_Bound, ...]:
    """What published rates of some architectures' parts leave."""
    found: list[_Bound] = []
    for entry in sustained_rates(unit):
        part = load_accelerator(entry.accelerator)
        if part.architecture not in architectures:
            continue
        model = _unbounded(part, pool)
        factor = _left(entry, part, model)
        if factor is not None:
            energy = factor * _energy(unit, model)
            found += [
                _Bound(name, energy, _boost(part), entry.held, entry.is_burst(part.traits.power_window))
                for name in (entry.accelerator, *entry.same_board)
            ]
    return tuple(found)


def _silicon(accelerator: Accelerator) -> frozenset[str]:
    """Architectures with the same cores: its own and, of a refresh, those no step away."""
    return frozenset(name for name, steps in accelerator.traits.lineage.items() if steps == 0)


def _boost(accelerator: Accelerator) -> float:
    """Boost clock. [Hz]"""
    return product_of(accelerator).cores.clock or math.nan


def _overvoltage(clock: float, other: float) -> float:
    """Energy of an operation at one clock of some silicon over that at another, by the square of the voltage."""
    return 1.0 if math.isnan(clock / other) else relative_voltage(clock / other) ** 2


def _weighed_boards(pool: Sequence[EnergyCalibration]) -> frozenset[str]:
    """Parts with a board whose published rate took part in a fit to energies of whole runs."""
    fitted = {entry.accelerator for entry in pool if any(RATE_NOTE in item.what for item in entry.fitted_on)}
    boards = ({rate.accelerator, *rate.same_board} for rate in sustained_rates("matrix"))
    return frozenset(name for board in boards if board & fitted for name in board)


def _left(entry: SustainedRate, part: Accelerator, model: PowerModel) -> float | None:
    """Power above idle that a board has at the clock of a published rate, over that which the model says."""
    needed = _power_at(entry.rate, entry.unit, part, model, running=model.parameters.active)
    return (model.board - model.parameters.idle) / needed if model.board is not None and needed else None


def _power_at(rate: float, unit: Unit, part: Accelerator, model: PowerModel, *, running: float) -> float:
    """Power above idle at the clock of a rate of long products; 0 where the part has no such unit. [W]

    Cores that run take `running` at the boost clock. [W]
    """
    peak = min(_peak(unit, part), _issued(unit, part))
    clock = min(rate / (FREE_SHARE * peak), 1.0) if peak else 0.0
    drawn = running * clock + _energy(unit, model) * rate
    return drawn * relative_voltage(clock) ** 2 if peak else 0.0


def _energy(unit: Unit, model: PowerModel) -> float:
    """Energy of one operation, without that of running cores. [J/FLOP]"""
    return model.parameters.matrix if unit == "matrix" else model.parameters.vector


def _issued(unit: Unit, part: Accelerator) -> float:
    """Rate of products on vector units as far as instructions can be issued; no limit for others. [FLOP/s]"""
    clock = (part.cores.clock or math.inf) * (part.cores.clock_headroom or 1.0)
    return math.inf if unit == "matrix" else VECTOR_ISSUE * part.cores.count * clock * part.traits.issued_lanes


def power_share(accelerator: Accelerator, unit: Unit, rate: float) -> float:
    """Power above idle that a part has which keeps up a rate of long products, over that of a cool one; at most 1."""
    model = power_model(accelerator)
    if model.board is None:
        return 1.0
    running = model.active_vector if unit == "vector" else model.parameters.active
    spare = model.board - model.parameters.idle
    return min(_power_at(rate, unit, accelerator, model, running=running) / spare, 1.0)


def _peak(unit: Unit, part: Accelerator) -> float:
    """Rate of 16-bit products on matrix units, or of fp32 on vector units, at the clock under load. [FLOP/s]"""
    rates = part.peak.matrix if unit == "matrix" else part.peak.vector
    formats = ("fp16", "bf16") if unit == "matrix" else ("fp32",)
    return (part.cores.clock_headroom or 1.0) * max((rates.get(name, 0.0) for name in formats), default=0.0)


def _unbounded(accelerator: Accelerator, pool: Sequence[EnergyCalibration]) -> PowerModel:
    idle = idle_power(accelerator)
    if idle is None:
        raise UnknownPowerError(
            f"no power of {accelerator.name} is known; give power.board as '400 W' for an estimate of energy"
        )
    for entry in pool:
        if entry.accelerator == accelerator.name and not accelerator.hypothetical:
            return _model(accelerator, entry, entry.parameters, "calibrated")
    if accelerator.traits.engine == SYSTOLIC and accelerator.power.board is not None:
        return _of_own_limit(accelerator, idle, accelerator.power.board)
    relatives = [entry for entry in pool if _distance(accelerator, entry) is not None]
    nearest = _nearest(accelerator, relatives)
    if nearest is not None:
        return _model(accelerator, nearest, _carried(accelerator, nearest, idle), "inherited")
    others = pool if process_step(accelerator.process) is not None and accelerator.traits.engine != "cpu" else ()
    nearest = _nearest(accelerator, others)
    if nearest is not None and matrix_width(accelerator) > 0:
        return _model(accelerator, nearest, _carried(accelerator, nearest, idle), "datasheet")
    return _limit_alone(accelerator, idle)


def matrix_width(accelerator: Accelerator) -> float:
    """16-bit rate of the matrix units as they are built, which decides how much there is to switch. [FLOP/s]

    GeForce cards halve the rate of products with fp32 accumulation and not that of 8-bit integers.
    """
    matrix, vector = accelerator.peak.matrix, accelerator.peak.vector
    built = [rate / ratio for name, ratio in _FULL_RATES if (rate := matrix.get(name))]
    halves = [rate for name in ("fp16", "bf16") if (rate := matrix.get(name))]
    return max([*halves, *built], default=_WIDTH_OF_VECTOR * vector.get("fp32", 0.0))


def _nearest(accelerator: Accelerator, pool: Sequence[EnergyCalibration]) -> EnergyCalibration | None:
    """Calibration of the nearest process; of several, the nearest relative."""

    def order(entry: EnergyCalibration) -> tuple[float, float, str]:
        kinship = _distance(accelerator, entry)
        return abs(math.log(_process_ratio(accelerator, entry))), math.inf if kinship is None else kinship, entry.name

    return min(pool, key=order, default=None)


def _distance(accelerator: Accelerator, entry: EnergyCalibration) -> int | None:
    return lineage_distance(accelerator.traits, load_accelerator(entry.accelerator).architecture)


def _ratio(accelerator: Accelerator, entry: EnergyCalibration) -> float:
    """Switching energy over that of the calibrated part: by process, on the same silicon by the voltage at boost."""
    source = load_accelerator(entry.accelerator)
    if source.architecture in _silicon(accelerator):
        return _overvoltage(_boost(accelerator), _boost(source))
    return _process_ratio(accelerator, entry)


def _process_ratio(accelerator: Accelerator, entry: EnergyCalibration) -> float:
    """Switching energy of a process over that of the calibrated part's; 1 where one is not known."""
    here, there = process_step(accelerator.process), process_step(load_accelerator(entry.accelerator).process)
    return here / there if here is not None and there is not None else 1.0


def _carried(accelerator: Accelerator, entry: EnergyCalibration, idle: float) -> EnergyParameters:
    source, known = load_accelerator(entry.accelerator), entry.parameters
    step, dram = _ratio(accelerator, entry), dram_rule(accelerator)
    same_dram = dram.kind == dram_rule(source).kind
    return EnergyParameters(
        idle=known.idle * idle / (idle_power(source) or idle),
        active=known.active * step * matrix_width(product_of(accelerator)) / matrix_width(source),
        matrix=known.matrix * step,
        vector=known.vector * step,
        special=known.special * step,
        score=known.score * step,
        dram=known.dram if same_dram else dram.energy,
        cache=known.cache,
        limit=known.limit,
    )


def _of_own_limit(accelerator: Accelerator, idle: float, board: float) -> PowerModel:
    """A systolic engine, which spends what its own maker publishes and nothing that a GPU does.

    Energies go with what it was before it was changed.
    """
    product = product_of(accelerator)
    parameters = published_energies(product, peak=_peak("matrix", product)).model_copy(update={"idle": idle})
    return PowerModel(
        parameters=parameters,
        board=board,
        basis="datasheet",
        spread=_LIMIT_ALONE_SPREAD,
        fitted_on=(),
        active_vector=parameters.active,
    )


def _limit_alone(accelerator: Accelerator, idle: float) -> PowerModel:
    board = accelerator.power.board
    if board is None:
        raise UnknownPowerError(
            f"neither limit of the board nor process of {accelerator.name} is known; "
            "give power.board as '400 W' for an estimate of energy"
        )
    parameters = EnergyParameters(
        idle=idle,
        active=_BUSY_SHARE * max(board - idle, 0.0),
        matrix=0.0,
        vector=0.0,
        special=0.0,
        score=0.0,
        dram=0.0,
        cache=0.0,
    )
    return PowerModel(
        parameters=parameters,
        board=board,
        basis="datasheet",
        spread=_LIMIT_ALONE_SPREAD,
        fitted_on=(),
        busy_share=_BUSY_SHARE,
    )


def _model(
    accelerator: Accelerator, entry: EnergyCalibration, parameters: EnergyParameters, basis: EnergyBasis
) -> PowerModel:
    board = accelerator.power.board
    residual = next((r for r in entry.residuals if r.scope == _SCOPE[basis]), None)
    spread = _LIMIT_ALONE_SPREAD if residual is None else (residual.quantiles["0.1"], residual.quantiles["0.9"])
    return PowerModel(
        parameters=parameters,
        board=None if board is None else parameters.limit * board,
        basis=basis,
        spread=spread,
        fitted_on=tuple(f"{item.what} on {item.device} ({item.source})" for item in entry.fitted_on),
    )


@functools.cache
def _shipped() -> tuple[EnergyCalibration, ...]:
    return tuple(load_energy_calibration(name) for name in list_energy_calibrations())
