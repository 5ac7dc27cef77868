"""Accelerators as columns: datasheet limits and cost parameters, one entry an accelerator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from hw_specs import Architecture
from hw_specs.architecture import Engine
from simulator.cost.parameters import Parameters, value_of, with_values

__all__ = ["BASES", "FloatArray", "HardwareColumns", "UnsupportedFormatError"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Grounds that a number can rest on, in the order of their codes.
BASES = ("datasheet", "calibrated", "inherited")


# Loads of a thread of PyTorch's elementwise kernels that are in flight together: eight values of fp32 since torch 2.7,
# or two operands of four before (``elems_per_thread``, thread_constants.h). [B]
_THREAD_BYTES = 32.0

# Of cores whose clock is not published. [Hz]
_USUAL_CLOCK = 1.5e9


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
        Peak rates by number format, NaN where the accelerator has none. [FLOP/s], [FLOP/s], [1/s]
    matrix_as_built : array
        Rate of 16-bit floats that the matrix units are built for, which a vendor may sell slower; NaN where not known.
        [FLOP/s]
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
    operand_rate : array
        Bandwidth of the caches out of which blocks read what others of their die read too: that of the L2, also where
        another cache lies behind it. [B/s]
    core_memory : array
        Shared memory and L1 cache of one core, infinite where not known. [B]
    shared_rate : array
        Bandwidth of the shared memory of one core as microbenchmarks reach it, infinite where not known. [B/s]
    stream_threads : array
        Threads of elementwise kernels that one core holds at a time. [1]
    dram_latency : array
        Load-to-use latency of the DRAM, a usual one where none is published. [s]
    max_threads : array
        Resident threads of one core. [1]
    link_bandwidth : array
        Fastest link to other accelerators, one way; NaN where it has none. [B/s]
    link_domain : array
        Devices that the fastest link joins, infinite where nothing bounds them. [1]
    link_mesh : array
        1 where each pair of those devices has lanes of its own, 0 where a switch joins them. [1]
    wide_link_bandwidth : array
        Fastest link that joins more of them, the fastest of all where none does; NaN as `link_bandwidth`. [B/s]
    power_idle, power_limit : array
        Of the board while it waits, and at which its clock is held; NaN where not known. [W]
    power_active, power_active_vector : array
        Of running cores, and where they multiply on vector units. [W]
    energy : dict
        Energy of the work by what it does (:func:`simulator.cost.energies.amounts`). [J/FLOP], [J], [J/B]
    power_window : array
        Time over which the controller of the board averages its power. [s]
    repeats : array
        How often a kernel runs in a row before and while it is timed; 1 in a run. [1]
    run : dict
        Totals of the run that kernels are part of, empty for kernels alone: its ``time`` and the part of it that is
        ``clocked`` [s], energy of the ``work`` [J].
    clock_headroom : array
        Clock under load over the datasheet's boost clock. [1]
    matrix_share : array
        Share of the matrix peaks that libraries reach, where the cores do not feed the units. [1]
    shortest_kernel : array
        Time of a kernel that does nothing. [s]
    issued_lanes : array
        Threads for which a core issues an instruction in a clock. [1]
    attention_storage : array
        Shared memory of a core that blocks of fused attention have together, infinite where not known. [B]
    warp_matrix_share : array
        Share of the matrix peak that warp-wide instructions reach. [1]
    spread_accumulators : array of bool
        Whether they leave a row of results spread over many threads.
    parameters : dict
        Parameter group to the record of its parameters.
    basis : dict
        ``group.name`` of each parameter to codes into :data:`BASES`.
    """

    name: tuple[str, ...]
    traits: tuple[Architecture, ...]
    matrix: Mapping[str, FloatArray]
    vector: Mapping[str, FloatArray]
    special: Mapping[str, FloatArray]
    matrix_as_built: FloatArray
    cores: FloatArray
    clock: FloatArray
    dram_bandwidth: FloatArray
    dram_achievable_read: FloatArray
    dram_achievable_copy: FloatArray
    cache_capacity: FloatArray
    cache_bandwidth: FloatArray
    cache_rate: FloatArray
    operand_rate: FloatArray
    core_memory: FloatArray
    shared_rate: FloatArray
    stream_threads: FloatArray
    dram_latency: FloatArray
    max_threads: FloatArray
    link_bandwidth: FloatArray
    link_domain: FloatArray
    link_mesh: FloatArray
    wide_link_bandwidth: FloatArray
    power_idle: FloatArray
    power_limit: FloatArray
    power_active: FloatArray
    power_active_vector: FloatArray
    energy: Mapping[str, FloatArray]
    power_window: FloatArray
    repeats: FloatArray
    run: Mapping[str, FloatArray]
    clock_headroom: FloatArray
    matrix_share: FloatArray
    shortest_kernel: FloatArray
    issued_lanes: FloatArray
    attention_storage: FloatArray
    warp_matrix_share: FloatArray
    spread_accumulators: NDArray[np.bool_]
    parameters: Mapping[str, Parameters]
    basis: Mapping[str, NDArray[np.int64]]

    def __len__(self) -> int:
        """Number of accelerators."""
        return len(self.name)

    @property
    def core_clock(self) -> FloatArray:
        """Clock of the cores under load, a usual one where none is published. [Hz]"""
        return np.where(np.isnan(self.clock), _USUAL_CLOCK, self.clock) * self.clock_headroom

    @property
    def bytes_in_flight_rate(self) -> FloatArray:
        """DRAM bandwidth that the loads of streaming kernels on all cores keep up (Little's law). [B/s]

        All of the catalogue keep up more than twice their bandwidth; a change may leave less.
        """
        return self.cores * self.stream_threads * _THREAD_BYTES / self.dram_latency

    @property
    def issue_rate(self) -> FloatArray:
        """Instructions of single lanes that all cores issue, infinite where no clock is published. [1/s]"""
        return self.issued_lanes * self.cores * np.nan_to_num(self.clock, nan=np.inf)

    def link_between(self, devices: FloatArray) -> FloatArray:
        """Bandwidth among so many neighbouring devices each, shape (len(devices), num_accelerators). [B/s]

        Of a mesh each reaches those over the lanes to them alone: one of seven links joins two MI300X."""
        others = np.maximum(devices[:, None] - 1.0, 1.0)
        lanes = np.where(self.link_mesh > 0.0, others / np.maximum(self.link_domain - 1.0, 1.0), 1.0)
        near = devices[:, None] <= self.link_domain
        return np.where(near, self.link_bandwidth * lanes, self.wide_link_bandwidth)

    def zeros(self, count: int) -> FloatArray:
        """Zeros of shape (count, num_accelerators), to be filled with what depends on these columns."""
        zeros: FloatArray = np.zeros_like(self.cores, dtype=np.float64, shape=(count, len(self)))
        return zeros

    def engines(self) -> Iterator[tuple[Engine, IntArray]]:
        """Engines with the positions of their accelerators."""
        names = np.array([traits.engine for traits in self.traits])
        for engine in dict.fromkeys(traits.engine for traits in self.traits):
            yield engine, np.flatnonzero(names == engine)

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
            elif field.name == "parameters":
                chosen[field.name] = {group: record.select(columns) for group, record in self.parameters.items()}
            elif isinstance(value, Mapping):
                chosen[field.name] = {key: column[columns] for key, column in value.items()}
        return HardwareColumns(**chosen)  # type: ignore[arg-type]

    def with_parameters(self, values: Mapping[str, float]) -> HardwareColumns:
        """The same accelerators with some parameters, by ``group.name``, set to one value each."""
        return replace(self, parameters=with_values(self.parameters, values))

    def parameter(self, name: str) -> FloatArray:
        """One parameter by its ``group.name``. [unit of the parameter]"""
        return value_of(self.parameters, name)

    def at_working_clock(self) -> HardwareColumns:
        """The same accelerators with the rates of their compute units as work meets them: at the clock that they
        really run at, and those of matrix units as far as the cores feed them.

        Only mechanisms see these rates; the roofline stays the datasheet's, and no time falls below it.
        """
        faster = self.with_faster_units(self.clock_headroom)
        fed = {name: rate * self.matrix_share for name, rate in faster.matrix.items()}
        return replace(faster, matrix=fed, matrix_as_built=faster.matrix_as_built * self.matrix_share)

    def with_faster_units(self, factor: FloatArray) -> HardwareColumns:
        """The same accelerators with all rates of their compute units better by a factor, shape (num_accelerators,)."""

        def scaled(rates: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
            return {name: rate * factor for name, rate in rates.items()}

        return replace(
            self,
            matrix=scaled(self.matrix),
            vector=scaled(self.vector),
            special=scaled(self.special),
            matrix_as_built=self.matrix_as_built * factor,
        )

    def sustained(self) -> HardwareColumns:
        """The same accelerators with each kernel repeated for ever, so that its own power decides the clock."""
        return self.repeated(np.inf)

    def repeated(self, calls: float) -> HardwareColumns:
        """The same accelerators with each kernel called so often in a row."""
        return replace(self, repeats=np.full(len(self), calls))

    def at_boost(self) -> HardwareColumns:
        """The same accelerators without a power limit."""
        return replace(self, power_limit=np.full(len(self), np.nan))

    def in_run(self, totals: Mapping[str, FloatArray]) -> HardwareColumns:
        """The same accelerators for the kernels of a run with some totals (:attr:`run`)."""
        return replace(self, repeats=np.ones(len(self)), run=totals)

    def derated(self, share: float) -> HardwareColumns:
        """The same accelerators with a share of the power above idle: boards that were hot, or capped."""
        spare = self.power_limit - self.power_idle
        return replace(self, power_limit=self.power_idle + share * spare)

    def rates(self, unit: str, formats: Sequence[str]) -> FloatArray:
        """Peaks of ``matrix``, ``vector`` or ``special`` units, shape (num_formats, num_accelerators)."""
        by_format: Mapping[str, FloatArray] = getattr(self, unit)
        absent = np.full(len(self), np.nan)
        return np.stack([by_format.get(name, absent) for name in formats]) if formats else np.zeros((0, len(self)))
