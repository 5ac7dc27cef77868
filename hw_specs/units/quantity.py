"""Fields that hold a quantity: a positive SI number inside, a unit string in files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from hw_specs.terminal.meanings import did_you_mean

from .number_formats import FORMAT_BITS
from .strings import SI_UNITS, parse_quantity

__all__ = [
    "Bytes",
    "BytesPerSecond",
    "FlopPerSecond",
    "Hertz",
    "Quantity",
    "Rates",
    "Ratio",
    "Seconds",
    "Share",
    "Watts",
]


#: Beyond these, products of a few quantities leave the numbers that a computer has.
SMALLEST, LARGEST = 1e-40, 1e40


@dataclass(frozen=True)
class Quantity:
    """Marks a field as a positive number in an SI unit that may be written as a unit string.

    The validation context may hold ``clock`` [Hz], which ``clk`` stands for, and ``unit_strings_only``.
    """

    unit: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Put :meth:`to_si` before pydantic's own check of the number."""
        return core_schema.with_info_before_validator_function(self.to_si, handler(source))

    def to_si(self, value: object, info: ValidationInfo) -> float:
        """SI number of a unit string or a number; positive and finite."""
        context = info.context or {}
        example = f"write it as {SI_UNITS[self.unit]!r}"
        if isinstance(value, str):
            number = parse_quantity(value, unit=self.unit, clock=context.get("clock"))
        elif isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{value!r} is not a quantity in {self.unit}; {example}")
        elif self.unit != "1" and context.get("unit_strings_only"):
            raise ValueError(f"{value!r} has no unit; {example}")
        else:
            number = float(value)
        if not 0 < number < float("inf"):
            raise ValueError(f"{value!r} is not a positive quantity; {example}")
        if not SMALLEST < number < LARGEST:
            raise ValueError(f"{value!r} is beyond any quantity; {example}")
        return number


Bytes = Annotated[float, Quantity("B")]
BytesPerSecond = Annotated[float, Quantity("B/s")]
FlopPerSecond = Annotated[float, Quantity("FLOP/s")]
Hertz = Annotated[float, Quantity("Hz")]
Seconds = Annotated[float, Quantity("s")]
Watts = Annotated[float, Quantity("W")]


Ratio = Annotated[float, Quantity("1")]
Share = Annotated[float, Quantity("1"), Field(le=1)]


def _known_formats(rates: dict[str, float]) -> dict[str, float]:
    for name in rates:
        if name not in FORMAT_BITS:
            hint = did_you_mean(name, FORMAT_BITS)
            raise ValueError(f"unknown number format {name!r}; valid are {', '.join(FORMAT_BITS)}{hint}")
    return rates


@dataclass(frozen=True)
class _FormatKeys:
    """Refuses keys that are no number formats, before their values are looked at."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.check, handler(source))

    def check(self, rates: object) -> object:
        return _known_formats(rates) if isinstance(rates, dict) else rates


Rates = Annotated[dict[str, FlopPerSecond], _FormatKeys()]
