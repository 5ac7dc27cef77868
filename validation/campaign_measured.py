"""Tables of a campaign as measured kernels: what calibrations are fitted to and predictions are compared with."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hw_specs import Accelerator, SpecError, load_accelerator

from .campaign_files import KERNEL_COLUMNS
from .measured import MeasuredKernels, MeasurementError
from .probe_check import execution_on
from .sweeps import KernelCase
from .sweeps.lowered import measured_cases

__all__ = ["case_of_row", "is_campaign_table", "read_campaign"]

_SOURCE = "roofcast"


def is_campaign_table(path: str | Path) -> bool:
    """Whether a file is a table of this project's own measurements, by the source of its first row."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            first = next(csv.DictReader(stream), None)
    except (OSError, EOFError, UnicodeDecodeError, zlib.error, csv.Error):
        return False
    return first is not None and first.get("source") == _SOURCE


def read_campaign(path: str | Path, accelerator: Accelerator | None = None) -> MeasuredKernels:
    """Rows of ``kernels.csv.gz``, each with the kernels that the simulator takes it to launch.

    Cold rows find nothing in the cache, warm ones all that fits.

    Parameters
    ----------
    path : path
    accelerator : Accelerator, optional
        By default the one that is called as the device of the table.

    Raises
    ------
    MeasurementError
        The file cannot be read, lacks a column, is empty, or is of several devices or an unknown one.
    """
    rows = _rows(Path(path))
    devices = sorted({row["device"] for row in rows})
    if len(devices) != 1:
        raise MeasurementError(f"{path}: expected rows of one device, got {', '.join(devices) or 'none'}")
    try:
        part = accelerator or load_accelerator(devices[0])
    except SpecError as error:
        raise MeasurementError(f"{path}: {error}") from error
    skipped: Counter[str] = Counter()
    cases: list[KernelCase] = []
    cold: list[bool] = []
    latencies: list[float] = []
    for row in rows:
        try:
            case, is_cold = case_of_row(row)
            seconds = float(row["latency_s"])
        except (ValueError, TypeError) as error:
            skipped[f"row that cannot be read: {str(error).partition(chr(10))[0]}"] += 1
            continue
        cases.append(case)
        cold.append(is_cold)
        latencies.append(seconds)
    measured = measured_cases(
        part, devices[0], cases, latencies, cold=cold, source=_SOURCE, execution=execution_on(part)
    )
    return replace(measured, skipped=measured.skipped + skipped)


def case_of_row(row: Mapping[str, str]) -> tuple[KernelCase, bool]:
    """Case of a row, and whether its inputs came from memory.

    Raises
    ------
    ValueError
        A field is not what it should be.
    """
    attributes = json.loads(row["attributes"] or "{}")
    cold = attributes.pop("cache", "warm") == "cold"
    strides = _tuples(attributes.pop("input_strides", []))
    plain = tuple(sorted((name, _tuples(value)) for name, value in attributes.items()))
    shapes = _tuples(json.loads(row["input_shapes"]))
    return KernelCase(
        op=row["op"], input_shapes=shapes, dtype=row["dtype"], attributes=plain, input_strides=strides
    ), cold


def _tuples(value: Any) -> Any:
    """Lists of JSON as the tuples that they were."""
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in KERNEL_COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise MeasurementError(f"{path}: lacks the columns {', '.join(missing)}")
            return list(reader)
    except (OSError, EOFError, UnicodeDecodeError, zlib.error, csv.Error) as error:
        raise MeasurementError(f"{path}: cannot be read as a table: {error}") from error
