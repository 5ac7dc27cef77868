"""Accelerators as rows and facts for display: unit strings for readers, SI numbers for programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hw_specs.reading.fields import lookup, number_units
from hw_specs.schema import Accelerator
from hw_specs.units.strings import format_quantity

from .ridge import ridge_points
from .traits import trait_rows

__all__ = ["LIST_COLUMNS", "Fact", "as_record", "facts", "list_row", "readable_row"]

LIST_COLUMNS: dict[str, str] = {
    "name": "",
    "vendor": "",
    "architecture": "",
    "year": "",
    "bf16": "FLOP/s",
    "fp16": "FLOP/s",
    "memory": "B",
    "bandwidth": "B/s",
    "power": "W",
}
"""Columns of the overview with their SI units; matrix peaks, or vector peaks where there is no matrix unit."""

_TEXTS = ("name", "aliases", "vendor", "architecture", "kind", "isa", "process", "form_factor")

Row = dict[str, str | int | float | None]


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One value of an accelerator, in SI units."""

    path: str
    value: str | int | float
    unit: str = ""
    remark: str = ""

    def readable(self) -> str:
        """Return the value as a unit string."""
        if self.unit == "FLOP/B":  # a ratio, which is read without prefixes
            return f"{self.value:.4g} FLOP/B"
        return _cell(self.value, self.unit)


def list_row(accelerator: Accelerator) -> Row:
    """One row of the overview, in SI units."""
    matrix, vector = accelerator.peak.matrix, accelerator.peak.vector
    return {
        "name": accelerator.name,
        "vendor": accelerator.vendor,
        "architecture": accelerator.architecture,
        "year": accelerator.year,
        "bf16": matrix.get("bf16", vector.get("bf16")),
        "fp16": matrix.get("fp16", vector.get("fp16")),
        "memory": accelerator.memory.dram.capacity,
        "bandwidth": accelerator.memory.dram.bandwidth,
        "power": accelerator.power.board,
    }


def readable_row(row: Row) -> list[str]:
    """The cells of a row as unit strings; a dash where nothing is known."""
    return [_cell(row[column], unit) for column, unit in LIST_COLUMNS.items()]


def facts(accelerator: Accelerator) -> Iterator[Fact]:
    """Every fact and the ridge points; notes and sources are left to the caller."""
    dump = accelerator.model_dump(exclude_none=True)
    for key in _TEXTS:
        if dump.get(key):
            yield Fact(path=key, value=", ".join(dump[key]) if key == "aliases" else dump[key])
    yield Fact(path="cores.kind", value=accelerator.cores.kind)
    if accelerator.memory.dram.technology:
        yield Fact(path="memory.dram.technology", value=accelerator.memory.dram.technology)
    for path, unit in number_units(accelerator):
        value = lookup(dump, path)
        if value is not None:
            yield Fact(path=path, value=value, unit=_rate_unit(path, unit), remark=_remark(accelerator, path))
    for name, intensity in ridge_points(accelerator).items():
        yield Fact(path=f"ridge.{name}", value=intensity, unit="FLOP/B")


def as_record(accelerator: Accelerator) -> dict[str, Any]:
    """Everything about an accelerator in SI units, with ridge points [FLOP/B], for JSON."""
    known = accelerator.traits
    traits = {row.path: {"value": known.trait(row.path), "source": row.source} for row in trait_rows(known)}
    return {**accelerator.model_dump(mode="json"), "ridge": ridge_points(accelerator), "traits": traits}


def _rate_unit(path: str, unit: str) -> str:
    """Integer rates are operations, special functions are results; neither is a FLOP to a reader."""
    is_operations = path.startswith("peak.special") or path.rpartition(".")[2].startswith("int")
    return "OP/s" if unit == "FLOP/s" and is_operations else unit


def _remark(accelerator: Accelerator, path: str) -> str:
    if path in accelerator.disputed:
        return "disputed"
    level = path.split(".")[1] if path.startswith("memory.") else ""
    if level and getattr(accelerator.memory, level).per_core and not path.endswith("latency"):
        return f"per {accelerator.cores.kind}"
    return ""


def _cell(value: str | int | float | None, unit: str) -> str:
    if value is None:
        return "-"
    return format_quantity(float(value), unit) if unit else str(value)
