"""Columns of accelerators for the cost functions: datasheet limits, and parameters from the nearest calibrations."""

from __future__ import annotations

import functools
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, CalibrationMatch, CalibrationPool
from hw_specs.reading.identity import Same
from simulator.kernels import NARROW_SUMS

from .families import FAMILIES, GROUPS, PARAMETERS
from .hardware import BASES, HardwareColumns
from .hardware.cores import block_cores, resident_threads, thread_limit
from .hardware.figures import Figures, figures_of
from .hardware.memory_rates import (
    USUAL_LATENCY,
    cache_capacity,
    cache_rate,
    common_cache,
    core_memory,
    dram_achievable_copy,
    dram_achievable_read,
    operand_rate,
    shared_rate,
)
from .hardware.power import PowerModel, UnknownPowerError, power_model
from .hardware.power_columns import PowerColumns, changed_power, power_columns
from .inheritance import Origin, accelerator_origin, carried, nearest, origin_of, variants_origin
from .parameters import Parameters, parameter_records, records_of_columns

__all__ = ["VariantColumns", "hardware_columns"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Calls in a row by which a kernel is timed on its own, where nobody says more.
_REPEATS = 50.0

# Threads of a block of PyTorch's elementwise kernels (``num_threads()``, CUDALoops.cuh), and registers of one of them.
_BLOCK, _REGISTERS = 128, 32

_KINDS: Mapping[str, type[Parameters]] = {
    group.name: group.parameters for family in FAMILIES for group in family.every_group
}


def hardware_columns(accelerators: Sequence[Accelerator], calibrations: CalibrationPool) -> HardwareColumns:
    """Columns of some accelerators with the calibration that each one gets; of the last few single ones they are kept.

    Parameters
    ----------
    accelerators : sequence of Accelerator
    calibrations : CalibrationPool
        Each takes the nearest of these for each parameter group, and the defaults where there is none.
    """
    if len(accelerators) == 1:
        return _column(Same(accelerators[0]), calibrations)
    return _columns(accelerators, calibrations)


@functools.lru_cache(maxsize=64)
def _column(accelerator: Same[Accelerator], calibrations: CalibrationPool) -> HardwareColumns:
    return _columns([accelerator.value], calibrations)


def _columns(accelerators: Sequence[Accelerator], calibrations: CalibrationPool) -> HardwareColumns:
    values, basis = _calibrated(accelerators, calibrations)
    power = power_columns([_power_model(a) for a in accelerators])
    return _derived(figures_of(accelerators), power, parameter_records(_KINDS, values), basis)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class VariantColumns:
    """Columns of variants of one accelerator, which differ in numbers alone: what they share, looked up once.

    Attributes
    ----------
    figures : Figures
        Of one of them.
    known : mapping of str to float
        Parameters of what it was before it was changed.
    there : Origin
        What those describe.
    basis : mapping of str to int
        Codes of their grounds.
    power : PowerModel or None
        Of one of them.
    """

    figures: Figures
    known: Mapping[str, float]
    there: Origin[float]
    basis: Mapping[str, int]
    power: PowerModel | None

    @classmethod
    def of(cls, changed: Accelerator, calibrations: CalibrationPool) -> Self:
        """Of an accelerator as :func:`hw_specs.apply_overrides` makes it, with values where the variants have some."""
        product = changed.product or changed
        found = _of_accelerator(product, calibrations)
        grounds = {name: _inherited_ground(found.get(name, _DEFAULT)[1]) for name in PARAMETERS}
        return cls(
            figures=figures_of([changed]),
            known=_with_defaults(found),
            there=accelerator_origin(product),
            basis={name: BASES.index(ground) for name, ground in grounds.items()},
            power=_power_model(changed),
        )

    def columns(self, numbers: Mapping[str, FloatArray | float], count: int) -> HardwareColumns:
        """Columns of variants, as :func:`hardware_columns` has them.

        Parameters
        ----------
        numbers : mapping of str to array of shape (num_variants,) or float
            By dotted path, in place of those of the accelerator, those that follow others included
            (:func:`hw_specs.overrides.with_followers`).
        count : int
            Number of variants.
        """
        figures = self.figures.changed(numbers, count)
        values = carried(self.known, None, here=variants_origin(figures), there=self.there)
        return _derived(
            figures,
            changed_power(self.power, self.figures, figures),
            records_of_columns(_KINDS, values, count),
            {name: np.full(count, code, dtype=np.int64) for name, code in self.basis.items()},
        )


def _derived(
    figures: Figures, power: PowerColumns, parameters: Mapping[str, Parameters], basis: Mapping[str, IntArray]
) -> HardwareColumns:
    """Columns of accelerators from their figures, power and parameters."""
    return HardwareColumns(
        name=figures.name,
        traits=figures.traits,
        matrix=_with_narrow_sums(figures.below("peak.matrix")),
        vector=figures.below("peak.vector"),
        special=figures.below("peak.special"),
        matrix_as_built=_matrix_as_built(figures),
        cores=block_cores(figures),
        clock=figures.numbers["cores.clock"],
        dram_bandwidth=figures.numbers["memory.dram.bandwidth"],
        dram_achievable_read=dram_achievable_read(figures),
        dram_achievable_copy=dram_achievable_copy(figures),
        cache_capacity=cache_capacity(figures),
        cache_bandwidth=_or_else(common_cache(figures, "bandwidth"), np.inf),
        cache_rate=cache_rate(figures),
        operand_rate=operand_rate(figures),
        core_memory=core_memory(figures),
        shared_rate=shared_rate(figures),
        stream_threads=resident_threads(figures, block=_BLOCK, registers=_REGISTERS),
        dram_latency=_or_else(figures.numbers["memory.dram.latency"], USUAL_LATENCY),
        max_threads=thread_limit(figures),
        **_links(figures),
        power_idle=power.idle,
        power_limit=power.limit,
        power_active=power.active,
        power_active_vector=power.active_vector,
        energy=power.energy,
        power_window=figures.trait("power_window"),
        repeats=np.full(len(figures), _REPEATS),
        run={},
        clock_headroom=_or_else(figures.numbers["cores.clock_headroom"], 1.0),
        matrix_share=_or_else(figures.numbers["cores.matrix_share"], 1.0),
        shortest_kernel=figures.trait("shortest_kernel"),
        issued_lanes=figures.trait("issued_lanes"),
        attention_storage=_attention_storage(figures),
        warp_matrix_share=figures.trait("attention.warp_matrix_share"),
        spread_accumulators=figures.trait("attention.spread_accumulators") > 0,
        parameters=parameters,
        basis=basis,
    )


def _with_narrow_sums(peaks: Mapping[str, FloatArray]) -> Mapping[str, FloatArray]:
    """Peaks with that of fp16 products which are added up in fp16.

    GeForce cards halve the rate of products with fp32 accumulation and not that of 8-bit integers, which is twice that
    of 16 bits as the units are built (GA102 whitepaper: 71.2 and 142.3 TFLOP/s, int8 284.7 TOP/s); on other parts the
    two are one.
    """
    if "fp16" not in peaks:
        return peaks
    built = _or_else(peaks["int8"], 0.0) / 2 if "int8" in peaks else 0.0
    return {**peaks, NARROW_SUMS: np.maximum(peaks["fp16"], built)}


def _matrix_as_built(figures: Figures) -> FloatArray:
    """Rate of 16-bit floats that the matrix units are built for, at the clock that their peaks are quoted at."""
    clock = _or_else(figures.numbers["cores.matrix_clock"], figures.numbers["cores.clock"])
    return figures.trait("matrix_flops_per_clock") * figures.numbers["cores.count"] * clock


def _or_else(values: FloatArray, missing: FloatArray | float) -> FloatArray:
    return np.where(np.isnan(values), missing, values)


def _power_model(accelerator: Accelerator) -> PowerModel | None:
    try:
        return power_model(accelerator)
    except UnknownPowerError:
        return None


def _links(figures: Figures) -> dict[str, FloatArray]:
    """The fastest link, how many devices it joins, and the fastest that joins more; NaN where there is none."""
    found = figures.below("links")
    names = [name.removesuffix(".bandwidth") for name in found if name.endswith(".bandwidth")]
    none = np.full(len(figures), np.nan)
    if not names:
        unbounded, switched = np.full(len(figures), np.inf), np.zeros(len(figures))
        return {
            "link_bandwidth": none,
            "link_domain": unbounded,
            "link_mesh": switched,
            "wide_link_bandwidth": none,
        }
    rates = np.stack([found[f"{name}.bandwidth"] for name in names])
    domains = np.stack([_or_else(found.get(f"{name}.domain", none), np.inf) for name in names])
    meshes = np.stack([_or_else(found.get(f"{name}.mesh", none), 0.0) for name in names])
    best = np.where(np.isnan(rates), -np.inf, rates).argmax(axis=0)[None]
    fastest, domain, mesh = (np.take_along_axis(values, best, axis=0)[0] for values in (rates, domains, meshes))
    wider = np.fmax.reduce(np.where(domains > domain, rates, np.nan))
    return {
        "link_bandwidth": fastest,
        "link_domain": domain,
        "link_mesh": mesh,
        "wide_link_bandwidth": _or_else(wider, fastest),
    }


def _attention_storage(figures: Figures) -> FloatArray:
    stated = figures.trait("attention.storage")
    return _or_else(_or_else(stated, figures.numbers["memory.shared.capacity"]), np.inf)


def _calibrated(
    accelerators: Sequence[Accelerator], pool: CalibrationPool
) -> tuple[list[dict[str, float]], dict[str, IntArray]]:
    """Parameters of each accelerator by ``group.name``, and codes of the grounds of all by the same names."""
    rows = [_of_accelerator(accelerator, pool) for accelerator in accelerators]
    grounds = {name: [BASES.index(found.get(name, _DEFAULT)[1]) for found in rows] for name in PARAMETERS}
    values = [{name: value for name, (value, _) in found.items()} for found in rows]
    return values, {name: np.array(codes, dtype=np.int64) for name, codes in grounds.items()}


# Of a parameter that nothing is known of.
_DEFAULT = (np.nan, "datasheet")


def _of_accelerator(accelerator: Accelerator, pool: CalibrationPool) -> dict[str, tuple[float, str]]:
    """Value and ground of each parameter that some calibration tells the accelerator.

    Those of a product with values changed are the product's, as far as they do not follow a value that was changed.
    """
    if accelerator.product is not None and not _is_measured(accelerator, pool):
        return _changed(accelerator, accelerator.product, _of_accelerator(accelerator.product, pool))
    found: dict[str, tuple[float, str]] = {}
    here = accelerator_origin(accelerator)
    for group in GROUPS:
        found |= (observed := _observed(accelerator, here, group, pool))
        match, source = nearest(accelerator, group, pool)
        if match is not None:
            found |= _of_group(accelerator, here, group, match, source, observed)
        single = pool.ceilings(accelerator, group)
        if single is not None:
            found |= {name: (value, "inherited") for name, value in single.of_group(group).items()}
    return found


def _is_measured(accelerator: Accelerator, pool: CalibrationPool) -> bool:
    """Whether a calibration is of this very accelerator, as of a user's own machine."""
    return not accelerator.hypothetical and any(accelerator.name in c.accelerators for c in pool.calibrations)


def _changed(
    accelerator: Accelerator, product: Accelerator, found: Mapping[str, tuple[float, str]]
) -> dict[str, tuple[float, str]]:
    """Parameters of a product as they are with some of its values changed; none was measured there."""
    origins = {"here": accelerator_origin(accelerator), "there": accelerator_origin(product)}
    values = carried(_with_defaults(found), None, **origins)
    return {name: (value, _inherited_ground(found.get(name, _DEFAULT)[1])) for name, value in values.items()}


def _with_defaults(found: Mapping[str, tuple[float, str]]) -> dict[str, float]:
    """Values of all parameters, the defaults of those that nothing tells."""
    defaults = {name: parameter.default for name, parameter in PARAMETERS.items()}
    return defaults | {name: value for name, (value, _) in found.items()}


def _inherited_ground(ground: str) -> str:
    """Ground on an accelerator that was changed, where nothing was measured."""
    return "inherited" if ground == "calibrated" else ground


def _observed(
    accelerator: Accelerator, here: Origin[float], group: str, pool: CalibrationPool
) -> dict[str, tuple[float, str]]:
    """Single parameters of a group that traces of some accelerator showed, those of the nearest one."""
    found: dict[str, tuple[float, str]] = {}
    for match in pool.observations(accelerator, group):
        values: Mapping[str, float] = match.calibration.of_group(group)
        if match.basis != "calibrated":
            there = origin_of(match.calibration, group, accelerator)
            values = carried(values, group, here=here, there=there)
        found |= {name: (value, match.basis) for name, value in values.items()}
    return found


def _of_group(
    accelerator: Accelerator,
    here: Origin[float],
    group: str,
    match: CalibrationMatch,
    source: str,
    observed: Container[str],
) -> dict[str, tuple[float, str]]:
    """Parameters of a group from a calibration of it, or of the group that it resembles.

    Those that its rows left at their defaults are the defaults of the parts that were measured, and follow the
    accelerator as the others do; their ground is no better for it. What was observed is left as it is there.
    """
    calibration, own = match.calibration, match.basis == "calibrated" and source == group
    fitted = {_under(group, name): value for name, value in calibration.of_group(source).items()}
    held = {_under(group, name) for name in calibration.held if name.partition(".")[0] == source}
    held = {name for name in held if name not in observed}
    values = {**{name: PARAMETERS[name].default for name in held if name in PARAMETERS}, **fitted}
    if not own:
        values = carried(values, group, here=here, there=origin_of(calibration, source, accelerator))
    ground = match.basis if source == group else "inherited"
    return {name: (value, ground if name in fitted else "datasheet") for name, value in values.items()}


def _under(group: str, name: str) -> str:
    """Name of a parameter in a group that takes those of another."""
    return f"{group}.{name.partition('.')[2]}"
