"""Highest rates of long products that somebody published for a part: what its board's limit pays for, from above.

A board cannot multiply faster than its limit pays for, so that a published rate bounds the energy of an operation from
above, whatever was fitted elsewhere.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal

from hw_specs.reading.record import Record, Text, read_record
from hw_specs.units.quantity import FlopPerSecond, Seconds

__all__ = ["FREE_SHARE", "SustainedRate", "sustained_rates"]

#: Share of the peak that the best products reach where nothing holds the clock (RTX 4090 0.94, RTX 2080 Ti 0.94, A100
#: with operands of zeros 0.95).
FREE_SHARE = 0.95

_FILE = Path(__file__).parent / "sustained_rates.yaml"


class SustainedRate(Record):
    """Highest published rate of large products on one kind of unit of a part."""

    accelerator: Text
    unit: Literal["matrix", "vector"] = "matrix"
    """Matrix units in 16 bits, or vector units in fp32."""
    rate: FlopPerSecond
    """[FLOP/s]"""
    measured_over: Seconds | None = None
    """Time for which the products ran, None where the source does not tell. [s]"""
    held: bool = False
    """Whether the source says that the board's limit held the clock: the rate then tells the energy from both sides."""
    same_board: tuple[Text, ...] = ()
    """Other parts with the same die and limit."""
    source: Text

    def is_burst(self, window: float) -> bool:
        """Whether the products ended before a controller that averages over a window [s] has seen their power."""
        return self.measured_over is not None and self.measured_over < window


class _SustainedRates(Record):
    rates: tuple[SustainedRate, ...]


@functools.cache
def sustained_rates(unit: Literal["matrix", "vector"]) -> tuple[SustainedRate, ...]:
    """Published rates on one kind of unit, one of each part."""
    read = read_record(_FILE, _SustainedRates, unit_strings_only=True)
    return tuple(entry for entry in read.rates if entry.unit == unit)
