"""Accelerators as columns: datasheet limits and cost parameters, one entry an accelerator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, Architecture, CalibrationMatch, CalibrationPool

from .cores import block_cores
from .inheritance import carried, nearest, origin_of, part_of
from .memory_rates import cache_rate, common_cache, dram_achievable_copy, dram_achievable_read, shared_rate
from .parameters import GROUPS, parameter_columns

__all__ = ["BASES", "HardwareColumns", "UnsupportedFormatError"]

FloatArray = NDArray[np.float64]

#: Grounds that a number can rest on, in the order of their codes.
BASES = ("datasheet", "calibrated", "inherited")


class UnsupportedFormatError(ValueError):
    """A kernel needs a number format that the accelerator has no peak for."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class HardwareColumns:
    """What the cost functions read of a sequence of accelerators; every array has shape (num_accelerators,).

    Attributes
    ----------
    name : tuple of str
    traits : tuple of Architecture
        What each one shares with its generation.
    matrix, vector, special : dict
        Peak rates by number format, NaN where the part has none. [FLOP/s], [FLOP/s], [1/s]
    cores : array
        Number of cores (SMs, CUs). [1]
    clock : array
        Boost clock, NaN where not published. [Hz]
    dram_bandwidth : array
        Of the datasheet: what bounds every kernel. [B/s]
    dram_achievable_read : array
        DRAM bandwidth that microbenchmarks reach, else 0.95 of the published one, and no less than 0.85 of it. [B/s]
    dram_achievable_copy : array
        Bandwidth of the DRAM that check bits leave to kernels that read and write alike. [B/s]
    cache_capacity, cache_bandwidth : array
        Cache that all cores share (the larger of L2 and LLC counts as capacity); bandwidth infinite
        where not published. [B], [B/s]
    cache_rate : array
        Bandwidth of that cache as microbenchmarks reach it, else 3/4 of the published figure, else 32 B a clock
        and core (16 beside GDDR) and no less than four times the DRAM. [B/s]
    core_memory : array
        Shared memory and L1 cache of one core, infinite where not known. [B]
    shared_rate : array
        Bandwidth of the shared memory of one core as microbenchmarks reach it, infinite where not known. [B/s]
    max_threads, max_blocks : array
        Resident threads and thread blocks of one core. [1]
    link_bandwidth : array
        Fastest link to other accelerators, one way; NaN where the part has none. [B/s]
    power : array
        Board power, NaN where not published. [W]
    clock_headroom : array
        Clock under load over the datasheet's boost clock. [1]
    shortest_kernel : array
        Time of a kernel that does nothing. [s]
    issued_lanes : array
        Threads for which a core issues an instruction in a clock. [1]
    attention_storage : array
        Shared memory of a core that blocks of fused attention have together, infinite where not known. [B]
    warp_matrix_share : array
        Share of the matrix peak that warp-wide instructions reach. [1]
    parameters : dict
        ``group.name`` of :data:`simulator.cost.parameters.PARAMETERS` to values.
    basis : dict
        Parameter group to codes into :data:`BASES`.
    """

    name: tuple[str, ...]
    traits: tuple[Architecture, ...]
    matrix: Mapping[str, FloatArray]
    vector: Mapping[str, FloatArray]
    special: Mapping[str, FloatArray]
    cores: FloatArray
    clock: FloatArray
    dram_bandwidth: FloatArray
    dram_achievable_read: FloatArray
    dram_achievable_copy: FloatArray
    cache_capacity: FloatArray
    cache_bandwidth: FloatArray
    cache_rate: FloatArray
    core_memory: FloatArray
    shared_rate: FloatArray
    max_threads: FloatArray
    max_blocks: FloatArray
    link_bandwidth: FloatArray
    power: FloatArray
    clock_headroom: FloatArray
    shortest_kernel: FloatArray
    issued_lanes: FloatArray
    attention_storage: FloatArray
    warp_matrix_share: FloatArray
    parameters: Mapping[str, FloatArray]
    basis: Mapping[str, NDArray[np.int64]]

    def __len__(self) -> int:
        """Number of accelerators."""
        return len(self.name)

    @classmethod
    def from_accelerators(cls, accelerators: Sequence[Accelerator], calibrations: CalibrationPool) -> HardwareColumns:
        """Columns of some accelerators with the calibration that each one gets.

        Parameters
        ----------
        accelerators : sequence of Accelerator
        calibrations : CalibrationPool
            Each takes the nearest of these for each parameter group, and the defaults where there is none.
        """
        parameters, basis = _calibrated(accelerators, calibrations)
        peaks = _peaks(accelerators)
        columns = {**_memory(accelerators), **_limits(accelerators), **_by_generation(accelerators)}
        return cls(
            name=tuple(a.name for a in accelerators),
            traits=tuple(a.traits for a in accelerators),
            matrix=peaks["matrix"],
            vector=peaks["vector"],
            special=peaks["special"],
            cores=columns["cores"],
            clock=columns["clock"],
            dram_bandwidth=columns["dram_bandwidth"],
            dram_achievable_read=columns["dram_achievable_read"],
            dram_achievable_copy=columns["dram_achievable_copy"],
            cache_capacity=columns["cache_capacity"],
            cache_bandwidth=columns["cache_bandwidth"],
            cache_rate=columns["cache_rate"],
            core_memory=columns["core_memory"],
            shared_rate=columns["shared_rate"],
            max_threads=columns["max_threads"],
            max_blocks=columns["max_blocks"],
            link_bandwidth=columns["link_bandwidth"],
            power=columns["power"],
            clock_headroom=columns["clock_headroom"],
            shortest_kernel=columns["shortest_kernel"],
            issued_lanes=columns["issued_lanes"],
            attention_storage=columns["attention_storage"],
            warp_matrix_share=columns["warp_matrix_share"],
            parameters=parameters,
            basis=basis,
        )

    @property
    def core_clock(self) -> FloatArray:
        """Clock of the cores under load, a usual one where none is published. [Hz]"""
        return np.where(np.isnan(self.clock), _USUAL_CLOCK, self.clock) * self.clock_headroom

    def select(self, columns: NDArray[np.int64]) -> HardwareColumns:
        """Some of the accelerators, by position."""
        if len(columns) == len(self) and (columns == np.arange(len(self))).all():
            return self
        chosen: dict[str, object] = {
            name: tuple(getattr(self, name)[i] for i in columns) for name in ("name", "traits")
        }
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                chosen[field.name] = value[columns]
            elif isinstance(value, Mapping):
                chosen[field.name] = {key: column[columns] for key, column in value.items()}
        return HardwareColumns(**chosen)  # type: ignore[arg-type]

    def with_parameters(self, values: Mapping[str, float]) -> HardwareColumns:
        """The same accelerators with some parameters set to one value each."""
        columns = {name: np.full(len(self), value) for name, value in values.items()}
        return replace(self, parameters={**self.parameters, **columns})

    def at_working_clock(self) -> HardwareColumns:
        """The same parts with the rates of their compute units at the clock that they really run at.

        Only mechanisms see these rates; the roofline stays the datasheet's, and no time falls below it.
        """

        def scaled(rates: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
            return {name: rate * self.clock_headroom for name, rate in rates.items()}

        return replace(self, matrix=scaled(self.matrix), vector=scaled(self.vector), special=scaled(self.special))

    def sustained(self) -> HardwareColumns:
        """The same parts after long work, when the power limit acts on short kernels too.

        A kernel timed by itself runs at the boost clock until the power controller has seen ``throttle_time`` of
        work. In a pipeline the controller has seen the kernels before it.
        """
        at_once = {
            name: np.full_like(values, _AT_ONCE) for name, values in self.parameters.items() if "throttle_time" in name
        }
        return replace(self, parameters={**self.parameters, **at_once})

    def rates(self, unit: str, formats: Sequence[str]) -> FloatArray:
        """Peaks of ``matrix``, ``vector`` or ``special`` units, shape (num_formats, num_accelerators)."""
        by_format: Mapping[str, FloatArray] = getattr(self, unit)
        absent = np.full(len(self), np.nan)
        return np.array([by_format.get(name, absent) for name in formats]).reshape(len(formats), len(self))


def _calibrated(
    accelerators: Sequence[Accelerator], pool: CalibrationPool
) -> tuple[dict[str, FloatArray], dict[str, NDArray[np.int64]]]:
    rows: list[dict[str, float]] = []
    basis: dict[str, list[int]] = {group: [] for group in GROUPS}
    for accelerator in accelerators:
        row: dict[str, float] = {}
        for group in GROUPS:
            match, source = nearest(accelerator, group, pool)
            basis[group].append(0 if match is None else BASES.index(match.basis if source == group else "inherited"))
            if match is not None:
                row.update(_parameters_of(accelerator, group, match, source))
            single = pool.ceilings(accelerator, group)
            if single is not None:
                row.update(single.of_group(group))
        rows.append(row)
    codes = {group: np.array(values, dtype=np.int64) for group, values in basis.items()}
    return parameter_columns(rows), {**codes, **_borrowed(codes)}


def _parameters_of(accelerator: Accelerator, group: str, match: CalibrationMatch, source: str) -> dict[str, float]:
    """Parameters of a group from a calibration of it, or of the group that it resembles."""
    values = {f"{group}.{name.partition('.')[2]}": x for name, x in match.calibration.of_group(source).items()}
    if match.basis == "calibrated" and source == group:
        return values
    return carried(values, group, here=part_of(accelerator), there=origin_of(match.calibration, source))


# Of cores whose clock is not published. [Hz]
_USUAL_CLOCK = 1.5e9

# Far below the duration of any kernel. [s]
_AT_ONCE = 1e-9


def _borrowed(codes: Mapping[str, NDArray[np.int64]]) -> dict[str, NDArray[np.int64]]:
    """Ground of convolutions on matrix units, which run on the parameters of matrix products."""
    own, products = codes["convolution"], codes["matmul"]
    return {"convolution": np.where((own == 0) & (products > 0), BASES.index("inherited"), own)}


def _peaks(accelerators: Sequence[Accelerator]) -> dict[str, dict[str, FloatArray]]:
    columns: dict[str, dict[str, FloatArray]] = {}
    for unit in ("matrix", "vector", "special"):
        rows = [getattr(a.peak, unit) for a in accelerators]
        formats = sorted({name for row in rows for name in row})
        columns[unit] = {name: np.array([row.get(name, np.nan) for row in rows]) for name in formats}
    return columns


def _column(values: Iterable[float | None], missing: float) -> FloatArray:
    return np.array([missing if value is None else float(value) for value in values])


def _memory(accelerators: Sequence[Accelerator]) -> dict[str, FloatArray]:
    memories = [a.memory for a in accelerators]
    near = [common_cache(m) for m in memories]
    total = [max((level.capacity for level in (m.l2, m.llc) if level), default=0.0) for m in memories]
    return {
        "dram_bandwidth": _column((m.dram.bandwidth for m in memories), np.nan),
        "dram_achievable_read": np.array([dram_achievable_read(a) for a in accelerators]),
        "dram_achievable_copy": np.array([dram_achievable_copy(a) for a in accelerators]),
        "cache_capacity": np.array(total, dtype=np.float64),
        "cache_bandwidth": _column((cache.bandwidth if cache else None for cache in near), np.inf),
        "core_memory": _column((_core_memory(a) for a in accelerators), np.inf),
        "shared_rate": np.array([shared_rate(a) for a in accelerators]),
        "cache_rate": np.array([cache_rate(a, cores=block_cores(a)) for a in accelerators]),
    }


def _by_generation(accelerators: Sequence[Accelerator]) -> dict[str, FloatArray]:
    traits = [a.traits for a in accelerators]
    return {
        "shortest_kernel": np.array([t.shortest_kernel for t in traits]),
        "issued_lanes": np.array([t.issued_lanes for t in traits], dtype=np.float64),
        "warp_matrix_share": np.array([t.attention.warp_matrix_share for t in traits]),
        "attention_storage": _column((_attention_storage(a) for a in accelerators), np.inf),
    }


def _core_memory(accelerator: Accelerator) -> float | None:
    shared = accelerator.memory.shared
    return shared.capacity + (accelerator.traits.l1_cache or 0.0) if shared else None


def _attention_storage(accelerator: Accelerator) -> float | None:
    stated = accelerator.traits.attention.storage
    own = accelerator.memory.shared
    return stated if stated is not None else own.capacity if own else None


def _limits(accelerators: Sequence[Accelerator]) -> dict[str, FloatArray]:
    links = [
        max((link for link in a.links.values()), key=lambda link: link.bandwidth, default=None) for a in accelerators
    ]
    return {
        "cores": np.array([block_cores(a) for a in accelerators], dtype=np.float64),
        "clock": _column((a.cores.clock for a in accelerators), np.nan),
        "max_threads": _column((a.cores.max_threads for a in accelerators), 2048),
        "max_blocks": _column((a.cores.max_blocks for a in accelerators), 32),
        "link_bandwidth": _column((link.bandwidth if link else None for link in links), np.nan),
        "clock_headroom": _column((a.cores.clock_headroom for a in accelerators), 1.0),
        "power": _column((a.power.board if a.power else None for a in accelerators), np.nan),
    }
