"""Measured operator calls as kernels: rows of a CSV file become a kernel table and latencies.

Files have the columns ``device, op, input_shapes, dtype, attributes, latency_s, kernel, source``. An operator is
lowered as those of a workload or a trace are, in eager PyTorch with its inputs in the cache if they fit (or not:
attribute ``cache``). What a source timed beside or instead of that stands in :mod:`validation.measured.sources`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, CalibrationPool, SpecError, load_accelerator
from simulator.cost import HardwareColumns, UnsupportedFormatError, hardware_columns, kernel_times
from simulator.cost.hardware.power import power_share
from simulator.kernels import Kernel, KernelTables
from simulator.lowering import assign_units

from .published.records import is_published, published_calls
from .records import MeasurementError, Record, columns_of, latency_of, read_records
from .row import row_of
from .row_kernels import row_kernels
from .sources import source_of

__all__ = ["MeasuredKernels", "MeasurementError", "is_device", "read_measured", "read_tables"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MeasuredKernels:
    """Operator calls of one device and the kernels that they launch.

    Attributes
    ----------
    accelerator : Accelerator
    device : str
        Name of the device in the file.
    op, dtype, source, shapes, attributes : tuple of str
        Of each row, as the file has them.
    latency : array of shape (num_rows,)
        [s]
    kernels : KernelTables
        Kernels of all rows.
    row : array of shape (num_kernels,)
        Row that each kernel belongs to.
    skipped : Counter
        Rows that were left out, by reason.
    """

    accelerator: Accelerator
    device: str
    op: tuple[str, ...]
    dtype: tuple[str, ...]
    source: tuple[str, ...]
    shapes: tuple[str, ...]
    attributes: tuple[str, ...]
    latency: FloatArray
    kernels: KernelTables
    row: NDArray[np.int64]
    skipped: Counter[str]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.latency)

    def calls_in_a_row(self) -> FloatArray:
        """How often the call of each kernel was repeated while it was timed, shape (num_kernels,). [1]"""
        rows = [source_of(source).calls_of(op) for op, source in zip(self.op, self.source, strict=True)]
        return np.array(rows)[self.row]

    def costs(self, kernels: KernelTables, calibrations: CalibrationPool) -> tuple[FloatArray, FloatArray]:
        """Times of kernels, and those of the roofline, each with its calls in a row, shape (num_kernels,). [s]

        Operands of which nobody knows what they held draw anything between nothing and what noise does: their kernels
        are predicted in the middle between the boost clock and the limit.
        """
        hardware, repeats, unknown = self.hardware(calibrations), self.calls_in_a_row(), self.unknown_data()[self.row]
        times, rooflines = np.zeros(len(kernels)), np.zeros(len(kernels))
        for calls, places in _alike(repeats):
            chosen, here = kernels.select(places), hardware.repeated(calls)
            found = kernel_times(chosen, here, fidelity="calibrated")
            times[places], rooflines[places] = found.time[:, 0], found.roofline[:, 0]
            if unknown[places].any():
                free = kernel_times(chosen, here.at_boost(), fidelity="calibrated").time[:, 0]
                times[places] = np.where(unknown[places], np.sqrt(free * times[places]), times[places])
        return times, rooflines

    def unknown_data(self) -> NDArray[np.bool_]:
        """Rows of whose operands nobody knows what they held, shape (num_rows,)."""
        rows = [op in source_of(source).unknown_data for op, source in zip(self.op, self.source, strict=True)]
        return np.array(rows, dtype=bool)

    def hardware(self, calibrations: CalibrationPool) -> HardwareColumns:
        """The accelerator as it was when the rows were timed: cool, or with less power where a source says so."""
        rates = [source_of(name).hot_rates.get(self.accelerator.name) for name in set(self.source)]
        shares = [power_share(self.accelerator, "vector", rate) for rate in rates if rate is not None]
        return hardware_columns([self.accelerator], calibrations).derated(min(shares, default=1.0))

    def select(self, rows: NDArray[np.int64]) -> MeasuredKernels:
        """Some of the rows, by position in ascending order."""
        position = np.full(len(self), -1)
        position[rows] = np.arange(len(rows))
        kept = np.flatnonzero(position[self.row] >= 0)
        names = ("op", "dtype", "source", "shapes", "attributes")
        texts = {name: tuple(getattr(self, name)[i] for i in rows) for name in names}
        return MeasuredKernels(
            accelerator=self.accelerator,
            device=self.device,
            latency=self.latency[rows],
            kernels=self.kernels.select(kept),
            row=position[self.row[kept]],
            skipped=self.skipped,
            **texts,
        )

    def per_row(self, kernel_values: FloatArray) -> FloatArray:
        """Sum of values over the kernels of each row, shape (num_rows,)."""
        total: FloatArray = np.zeros(len(self))
        np.add.at(total, self.row, kernel_values)
        return total


#: Kernels that are predicted at a time: the tiles that each is tried with take some kilobytes.
_BLOCK = 20_000


def _alike(values: FloatArray) -> Iterator[tuple[float, NDArray[np.int64]]]:
    """Positions of equal values, in blocks of bounded size."""
    for value in np.unique(values).tolist():
        places = np.flatnonzero(values == value)
        yield from ((value, places[at : at + _BLOCK]) for at in range(0, len(places), _BLOCK))


def read_tables(path: str | Path, accelerator: Accelerator | None = None) -> tuple[MeasuredKernels, ...]:
    """Read a CSV file, gzipped or not: one entry for each device in it.

    Rows of devices that are no accelerator of the catalogue are counted as skipped, as long as others are there. A
    table of published figures gives those of its rows that are of single kernels, each on what it calls its device.

    Parameters
    ----------
    path : path
    accelerator : Accelerator, optional
        What all rows ran on, whatever they call it; by default the part of the catalogue that they name. Of published
        figures only those of this part are taken.

    Raises
    ------
    MeasurementError
        If the file cannot be read, lacks a column, is empty, or is of unknown devices alone.
    """
    records, left_out = _records(Path(path), accelerator)
    by_device: dict[str, list[Record]] = {}
    for record in records:
        by_device.setdefault(record["device"], []).append(record)
    if not by_device:
        raise MeasurementError(f"{path}: no rows{''.join(f'; {n} x {why}' for why, n in left_out.items())}")
    tables: list[MeasuredKernels] = []
    unknown = left_out
    for device, rows in by_device.items():
        try:
            part = accelerator or load_accelerator(device)
        except SpecError as error:
            unknown[str(error)] += len(rows)
            continue
        tables.append(_assemble(rows, part, device))
    if not tables:
        raise MeasurementError(f"{path}: {unknown.most_common(1)[0][0]}")
    first, *others = tables
    return (replace(first, skipped=first.skipped + unknown), *others)


def _records(path: Path, accelerator: Accelerator | None) -> tuple[list[Record], Counter[str]]:
    """Rows of a file that are operator calls, and how many others it has, by reason."""
    if is_published(columns_of(path)):
        return published_calls(read_records(path, columns=()), accelerator)
    return read_records(path), Counter()


def is_device(measured: MeasuredKernels, name: str) -> bool:
    """Whether a name means the device of a table: as its file has it, or any name of the accelerator."""
    if name in (measured.device, measured.accelerator.name):
        return True
    try:
        return load_accelerator(name).name == measured.accelerator.name
    except SpecError:
        return False


def read_measured(path: str | Path) -> MeasuredKernels:
    """Read a CSV file, gzipped or not, of one device.

    Raises
    ------
    MeasurementError
        If the file cannot be read, lacks a column, is empty, or is of several devices or an unknown one.
    """
    tables = read_tables(path)
    if len(tables) != 1:
        devices = ", ".join(sorted(m.device for m in tables))
        raise MeasurementError(f"{path}: expected rows of one device, got {devices}")
    return tables[0]


def _assemble(records: Sequence[Record], accelerator: Accelerator, device: str) -> MeasuredKernels:
    skipped: Counter[str] = Counter()
    lowered: list[tuple[Kernel, ...]] = []
    kept: list[Record] = []
    latency: list[float] = []
    for record, amended in zip(records, _amended(records), strict=True):
        try:
            seconds = latency_of(record)
            kernels = row_kernels(row_of(amended), accelerator)
        except (ValueError, LookupError, TypeError, ArithmeticError) as error:
            skipped[str(error).partition("\n")[0]] += 1
            continue
        lowered.append(kernels)
        kept.append(record)
        latency.append(seconds)
    without_peak = _without_peak((kernel for kernels in lowered for kernel in kernels), accelerator)
    reasons = [next((without_peak[_unit(k)] for k in kernels if _unit(k) in without_peak), "") for kernels in lowered]
    skipped.update(reason for reason in reasons if reason)
    rows = [index for index, reason in enumerate(reasons) if not reason]
    return MeasuredKernels(
        accelerator=accelerator,
        device=device,
        op=tuple(kept[i]["op"] for i in rows),
        dtype=tuple(kept[i]["dtype"] for i in rows),
        source=tuple(kept[i].get("source") or "unknown" for i in rows),
        shapes=tuple(kept[i]["input_shapes"] for i in rows),
        attributes=tuple(kept[i].get("attributes") or "{}" for i in rows),
        latency=np.array([latency[i] for i in rows], dtype=np.float64),
        kernels=assign_units(KernelTables.from_kernels([kernel for i in rows for kernel in lowered[i]]), accelerator),
        row=np.repeat(np.arange(len(rows)), [len(lowered[i]) for i in rows]),
        skipped=skipped,
    )


def _amended(records: Sequence[Record]) -> list[Record]:
    """Records as their sources should have written them."""
    amended = list(records)
    by_source: dict[str, list[int]] = {}
    for index, record in enumerate(records):
        by_source.setdefault(source_of(record.get("source") or "unknown").name, []).append(index)
    for name, indices in by_source.items():
        for index, record in zip(indices, source_of(name).amended([records[i] for i in indices]), strict=True):
            amended[index] = record
    return amended


def _unit(kernel: Kernel) -> tuple[str, bool]:
    """What decides whether a part can run a kernel: its format, and whether it is a product."""
    return kernel.number_format, kernel.matrix_flops > 0


def _without_peak(kernels: Iterable[Kernel], accelerator: Accelerator) -> dict[tuple[str, bool], str]:
    """Kinds of kernels that a part cannot run, and the reason."""
    hardware = hardware_columns([accelerator], CalibrationPool.empty())
    found: dict[tuple[str, bool], str] = {}
    for unit, kernel in {_unit(kernel): kernel for kernel in kernels}.items():
        try:
            kernel_times(assign_units(KernelTables.from_kernels([kernel]), accelerator), hardware, fidelity="roofline")
        except UnsupportedFormatError as error:
            found[unit] = str(error)
    return found
