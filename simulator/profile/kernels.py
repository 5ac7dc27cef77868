"""Distinct kernels of a predicted run as points of a roofline, and the ceilings above them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator
from simulator.cost import BASES, BOUNDS, GROUPS, RESOURCES, HardwareColumns, kernel_basis
from simulator.cost.families import family_of, group_cost, groups_of
from simulator.cost.roofline import roofline_terms
from simulator.kernels import FamilyTable, KernelTables
from simulator.lowering import Launches
from simulator.simulation import Simulation

__all__ = ["Ceiling", "KernelPoint", "ceilings", "ceilings_of", "kernel_points", "origins"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KernelPoint:
    """One distinct kernel.

    Attributes
    ----------
    row : int
        Place in the simulation's tables.
    kernel, operator, module, category, stage : str
        Its name, and of the first launch the operator, module, category and stage.
    number_format : str
    launches : float
        In the whole run.
    time, total : float
        Of one launch and of all. [s]
    operations : float
        Adds and multiplies of one launch, on matrix and vector units; 0 for a kernel that only moves data. [FLOP]
    bytes : float
        Compulsory traffic of one launch. [B]
    bound, basis : str
        Largest term of its time, and what its time rests on.
    shape : mapping of str to float
        Extents, as its family defines them.
    terms : mapping of str to float
        Terms of its time, the longest first; the roofline's alone where the fidelity is a bound. [s]
    held_back : mapping of str to float
        Share of its time by the resource that would shorten it. [1]
    """

    row: int
    kernel: str
    operator: str
    module: str
    category: str
    stage: str
    number_format: str
    launches: float
    time: float
    total: float
    operations: float
    bytes: float
    bound: str
    basis: str
    shape: Mapping[str, float]
    terms: Mapping[str, float]
    held_back: Mapping[str, float]

    @property
    def intensity(self) -> float:
        """Operations by byte of compulsory traffic. [FLOP/B]"""
        return self.operations / self.bytes if self.bytes else float("inf")

    @property
    def rate(self) -> float:
        """Attained rate of operations. [FLOP/s]"""
        return self.operations / self.time if self.time else 0.0

    @property
    def bandwidth(self) -> float:
        """Attained rate of compulsory traffic. [B/s]"""
        return self.bytes / self.time if self.time else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """A rate that no kernel exceeds: of arithmetic [FLOP/s], or of a memory level [B/s].

    ``kind`` is ``arithmetic`` or ``memory``; ``published`` is False for what microbenchmarks reach or code assumes.
    """

    name: str
    kind: str
    rate: float
    published: bool = True


def kernel_points(simulation: Simulation) -> list[KernelPoint]:
    """Distinct kernels that take time, the costliest in all first."""
    table, time = simulation.kernels, simulation.costs.time[:, 0]
    first, texts = origins(simulation.launches), _columns(simulation)
    operations = table.matrix_flops + table.vector_flops
    total = table.count * time
    order = [row for row in np.argsort(-total, kind="stable").tolist() if total[row] > 0 and row in first]
    return [
        KernelPoint(
            row=row,
            kernel=table.name[row],
            number_format=table.number_format[row],
            launches=float(table.count[row]),
            time=float(time[row]),
            total=float(total[row]),
            operations=float(operations[row]),
            bytes=float(table.bytes[row]),
            **first[row],
            **texts.of(row),
        )
        for row in order
    ]


def origins(launches: Launches) -> dict[int, dict[str, Any]]:
    """Operator, module, category and stage of the first launch of each kernel."""
    found: dict[int, dict[str, Any]] = {}
    graph = launches.graph
    for stage in launches.stages:
        for variant in stage.rows:
            rows, places = np.unique(variant, return_index=True)
            for row, place in zip(rows.tolist(), places.tolist(), strict=True):
                if row in found:
                    continue
                call = int(stage.calls[place])
                found[row] = {
                    "operator": graph.operators[stage.stage.operators[call]].name,
                    "module": graph.modules[stage.stage.modules[call]],
                    "category": stage.categories[place],
                    "stage": stage.stage.name,
                }
    return found


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Columns:
    """What is known of each kernel beside its work: bound, basis, extents, terms, what holds it back."""

    bound: list[str]
    basis: list[str]
    shape: list[dict[str, float]]
    terms: list[dict[str, float]]
    held_back: list[dict[str, float]]

    def of(self, row: int) -> dict[str, Any]:
        """Those of one kernel by name of the field."""
        return {name: getattr(self, name)[row] for name in self.__slots__}


def _columns(simulation: Simulation) -> _Columns:
    table, bounded = simulation.kernels, simulation.report.fidelity == "roofline"
    codes = np.zeros(len(table), dtype=np.int64) if bounded else kernel_basis(table, simulation.hardware)[:, 0]
    shape: list[dict[str, float]] = [{} for _ in range(len(table))]
    terms: list[dict[str, float]] = [{} for _ in range(len(table))]
    for family, rows in table:
        _put(shape, rows, family.extents())
        for own, found in _terms(family, simulation.hardware, bounded):
            _put(terms, rows[own], found)
    return _Columns(
        bound=[BOUNDS[code] for code in simulation.costs.bound[:, 0].tolist()],
        basis=[BASES[code] for code in codes.tolist()],
        shape=shape,
        terms=[dict(sorted(each.items(), key=lambda item: -item[1])) for each in terms],
        held_back=[_held_back(shares) for shares in simulation.gains.shares.tolist()],
    )


def _terms(
    table: FamilyTable, hardware: HardwareColumns, bounded: bool
) -> Iterator[tuple[NDArray[np.int64], dict[str, FloatArray]]]:
    """Terms in seconds of the kernels of a family, group by group: their rows in it, and values by name."""
    if bounded:
        yield np.arange(len(table)), {name: time[:, 0] for name, time in roofline_terms(table, hardware).items()}
        return
    groups = groups_of(table)
    for code in np.unique(groups).tolist():
        own = np.flatnonzero(groups == code)
        part, formulas = table.select(own), _formulas(table)
        found = group_cost(GROUPS[code], part, hardware).terms
        yield own, {name: values[:, 0] for name, values in found.items() if formulas[name] == "s"}


def _formulas(table: FamilyTable) -> dict[str, str]:
    return {name: "" if formula.choices else formula.unit for name, formula in family_of(table).formulas.items()}


def _put(records: list[dict[str, float]], rows: NDArray[np.int64], columns: Mapping[str, FloatArray]) -> None:
    """Values of columns into the records of some rows, without those that are nothing."""
    for name, values in columns.items():
        for row, value in zip(rows.tolist(), np.broadcast_to(values, rows.shape).tolist(), strict=True):
            if value > 0:
                records[row][name] = float(value)


def _held_back(shares: list[float]) -> dict[str, float]:
    named = sorted(zip(RESOURCES, shares, strict=True), key=lambda item: -item[1])
    return {name: share for name, share in named if share >= 0.005}


def ceilings(simulation: Simulation) -> list[Ceiling]:
    """Rates of every unit and number format that the run's arithmetic uses, and of every memory level."""
    return ceilings_of(simulation.kernels, simulation.hardware, simulation.accelerator)


def ceilings_of(kernels: KernelTables, hardware: HardwareColumns, accelerator: Accelerator) -> list[Ceiling]:
    """Those of some kernels on the first of some columns, which are an accelerator's or a variant's of it."""
    matrix = _used_formats(kernels, "matrix_flops")
    found = [
        Ceiling(name=f"matrix units, {name}", kind="arithmetic", rate=float(hardware.matrix[name][0]))
        for name in sorted(matrix & set(hardware.matrix))
    ]
    found += [
        Ceiling(name=f"vector units, {name}", kind="arithmetic", rate=float(hardware.vector[name][0]))
        for name in ("fp32",)
        if name in hardware.vector
    ]
    memory = accelerator.memory
    published = memory.l2 is not None and memory.l2.bandwidth is not None
    found += [
        Ceiling(name="DRAM", kind="memory", rate=float(hardware.dram_bandwidth[0])),
        Ceiling(name="DRAM, reached", kind="memory", rate=float(hardware.dram_achievable_read[0]), published=False),
        _cache(hardware, published),
    ]
    if np.isfinite(hardware.shared_rate[0]):
        rate = float(hardware.shared_rate[0] * hardware.cores[0])
        found.append(Ceiling(name="shared memory, reached", kind="memory", rate=rate, published=False))
    return [each for each in found if np.isfinite(each.rate) and each.rate > 0]


def _cache(hardware: HardwareColumns, published: bool) -> Ceiling:
    rate = hardware.cache_bandwidth if published else hardware.cache_rate
    name = "L2" if published else "L2, reached"
    return Ceiling(name=name, kind="memory", rate=float(rate[0]), published=published)


def _used_formats(kernels: KernelTables, work: str) -> set[str]:
    """Number formats of the kernels that do some work."""
    amounts = getattr(kernels, work)
    return {name for name, amount in zip(kernels.number_format, amounts.tolist(), strict=True) if amount > 0}
