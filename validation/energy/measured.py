"""Measured power and energy: operators repeated under a power meter, and whole generations.

Tables of operators have the columns of :mod:`validation.measured.tables` and ``power_w``, the mean power of the board
while the operator repeats; a campaign's own table with that column is read the same way. In the public table
(aiconfigurator) a reading is a mean over one second before it, of which short repetitions fill a part only; the rest is
what ran before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hw_specs import SpecError, load_accelerator
from simulator.execution import Execution
from validation.measured.records import read_records, whole_number
from validation.measured.tables import MeasuredKernels, MeasurementError, read_measured

__all__ = ["EnergyRun", "MeasuredPower", "number_in", "read_power", "read_runs", "records", "visible_share"]

FloatArray = NDArray[np.float64]

# How aiconfigurator measures (collector/helper.py, benchmark_with_power): NVML is read every 0.1 s while the operator
# repeats; on this device a reading is the mean of the last second. Kernels under 0.1 ms repeat for 0.3 s, others for
# the time set by the operator of the benchmark, at most 3000 times; a repetition is five products or one attention.
# That time is not published: 1 s is the default of the code, 3 s fits the readings better.
_WINDOW, _SHORT_KERNEL, _SHORT_DURATION, _DURATION = 1.0, 1e-4, 0.3, 3.0
_MOST_REPEATS, _CALLS_OF_A_REPEAT, _LEAST_REPEATS = 3000, {"aten::linear": 5}, 6


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MeasuredPower:
    """Power of operator calls of one device; arrays of shape (num_rows,).

    Attributes
    ----------
    measured : MeasuredKernels
    power : array
        Mean reading while the call repeats. [W]
    before : array
        Reading of the row before, which is what ran before, or close to it; the row's own for the first. [W]
    visible : array
        Share of the reading that is of this call. [1]
    """

    measured: MeasuredKernels
    power: FloatArray
    before: FloatArray
    visible: FloatArray

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.power)

    def select(self, rows: NDArray[np.int64]) -> MeasuredPower:
        """Some of the rows, by position in ascending order."""
        return MeasuredPower(
            measured=self.measured.select(rows),
            power=self.power[rows],
            before=self.before[rows],
            visible=self.visible[rows],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyRun:
    """Measured energy of one generation.

    Attributes
    ----------
    model : str
        Workload by its name among ours.
    settings : mapping
        Fields of :class:`tracer.graph.Workload` that differ from the pipeline's defaults.
    device : str
        Accelerator's name.
    latency, energy : float
        Of the batch. [s], [J]
    source : str
    execution : Execution
        How it ran; eager, with fused attention, where the source does not say.
    """

    model: str
    settings: Mapping[str, int | float | str]
    device: str
    latency: float
    energy: float
    source: str
    execution: Execution = field(default_factory=Execution)


def read_power(path: str | Path) -> MeasuredPower:
    """Read a table of operators with ``power_w``.

    Raises
    ------
    MeasurementError
        As :func:`~validation.measured.tables.read_measured`, or the column is missing or holds no positive number.
    """
    measured = read_measured(path)
    power = np.array(list(_powers(Path(path), measured)))
    own = np.array([source.startswith("aiconfigurator") for source in measured.source], dtype=np.bool_)
    repeats = np.array([_CALLS_OF_A_REPEAT.get(op, 1) for op in measured.op], dtype=np.float64)
    return MeasuredPower(
        measured=measured,
        power=power,
        before=np.concatenate((power[:1], power[:-1])),
        visible=np.where(own, visible_share(measured.latency, repeats), 1.0),
    )


def visible_share(latency: FloatArray, calls: FloatArray) -> FloatArray:
    """Share of the mean of all readings of a measurement that belongs to what was measured.

    Readings at even steps over the duration `T`, each the mean of the window `W` before it: :math:`T / 2W` up to the
    length of the window, :math:`1 - W / 2T` beyond.

    Parameters
    ----------
    latency : array
        Of one call. [s]
    calls : array
        Calls in one repetition.
    """
    duration = np.where(latency < _SHORT_KERNEL, _SHORT_DURATION, _DURATION)
    repeats = np.clip(np.floor(duration / (latency * calls)) + 1, _LEAST_REPEATS, _MOST_REPEATS)
    elapsed = repeats * calls * latency
    share: FloatArray = np.where(elapsed <= _WINDOW, elapsed / (2 * _WINDOW), 1 - _WINDOW / (2 * elapsed))
    return share


def _powers(path: Path, measured: MeasuredKernels) -> Iterator[float]:
    """Readings of the rows that were kept, in their order."""
    kept = iter(zip(measured.op, measured.dtype, measured.shapes, measured.latency.tolist(), strict=True))
    wanted = next(kept, None)
    for record in records(path):
        if "power_w" not in record:
            raise MeasurementError(f"{path}: lacks the column power_w; give a table with mean power in watts")
        key = (record["op"], record["dtype"], record["input_shapes"], number_in(path, record, "latency_s"))
        if key == wanted:
            yield number_in(path, record, "power_w")
            wanted = next(kept, None)


# Names of the pipelines of ml-energy's benchmark among our workloads.
_WORKLOADS = {
    "stable-diffusion-2-1": "sd2.1",
    "stable-diffusion-xl-base-1.0": "sdxl",
    "stable-diffusion-3-medium": "sd3-medium",
    "modelscope-t2v-1.7b": "modelscope",
    "animatediff": "animatediff",
    "svd-xt": "svd-xt",
}
_SETTINGS = {"height": "height", "width": "width", "steps": "num_inference_steps", "batch": "batch"}


def read_runs(path: str | Path) -> tuple[tuple[EnergyRun, ...], Counter[str]]:
    """Runs of a table of whole generations, and rows that are left out, by reason.

    Columns ``source, gpu, n_gpu, model, height, width, frames, steps, batch, latency_s, energy_J``; latency and energy
    are of the batch.

    Raises
    ------
    MeasurementError
        The file cannot be read or lacks a column.
    """
    runs, skipped = [], Counter[str]()
    for record in records(Path(path)):
        try:
            runs.append(_run(Path(path), record))
        except (LookupError, SpecError) as error:
            skipped[str(error.args[0] if error.args else error)] += 1
    return tuple(runs), skipped


def _run(path: Path, record: Mapping[str, str]) -> EnergyRun:
    missing = [name for name in ("source", "gpu", "model", "latency_s", "energy_J") if name not in record]
    if missing:
        raise MeasurementError(f"{path}: lacks the columns {', '.join(missing)}")
    if record["model"] not in _WORKLOADS:
        raise LookupError(f"no workload for {record['model']}")
    if (record.get("n_gpu") or "1") != "1":
        raise LookupError("several devices")
    settings: dict[str, int | float | str] = {
        ours: _count(record, theirs) for theirs, ours in _SETTINGS.items() if record.get(theirs)
    }
    if _count(record, "frames") > 1:
        settings["num_frames"] = _count(record, "frames")
    return EnergyRun(
        model=_WORKLOADS[record["model"]],
        settings=settings,
        device=load_accelerator(record["gpu"]).name,
        latency=number_in(path, record, "latency_s"),
        energy=number_in(path, record, "energy_J"),
        source=record["source"],
    )


def _count(record: Mapping[str, str], column: str) -> int:
    """Whole number of a column, 1 where it is empty; LookupError for what is none."""
    try:
        return whole_number(record.get(column) or "1")
    except ValueError as error:
        raise LookupError(f"{column} is {error}") from error


def records(path: Path) -> Iterator[Mapping[str, str]]:
    """Rows of a CSV file, gzipped or not; raises :class:`~validation.measured.tables.MeasurementError`."""
    return iter(read_records(path, columns=()))


def number_in(path: Path, record: Mapping[str, str], column: str) -> float:
    """Positive number in a column; raises :class:`~validation.measured.tables.MeasurementError` where there is none."""
    try:
        value = float(record[column])
    except (KeyError, ValueError):
        value = float("nan")
    if not 0 < value < float("inf"):
        raise MeasurementError(
            f"{path}: {column} of {record.get('op') or record.get('model') or 'a row'} is no positive number"
        )
    return value
