"""Unit strings at the border: ``"2.039 TB/s"`` in, SI numbers inside, readable strings out.

A unit is a prefix and a base (``GiB``, ``TFLOP``), or a quotient of such (``TB/s``, ``B/clk``). The table of
bases is short on purpose: it reads in microseconds, and a unit that no datasheet uses is more likely a slip.
``clk`` is a cycle of the clock of the cores; an ``OP`` (integer operation) counts as a ``FLOP``.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from fractions import Fraction

from hw_specs.errors import SpecError

__all__ = ["SI_UNITS", "format_quantity", "parse_quantity"]

Dimension = tuple[tuple[str, int], ...]
"""Powers of the base units, sorted: bytes per second is ``(("B", 1), ("s", -1))``."""

_PREFIXES = {
    "": Fraction(1),
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "µ": Fraction(1, 10**6),
    "m": Fraction(1, 10**3),
    "k": Fraction(10**3),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
    "T": Fraction(10**12),
    "P": Fraction(10**15),
    "E": Fraction(10**18),
    "Ki": Fraction(2**10),
    "Mi": Fraction(2**20),
    "Gi": Fraction(2**30),
    "Ti": Fraction(2**40),
}
"""Exact, so that ``"2.039 TB/s"`` is 2039000000000.0 and not its neighbour."""

_BASES: dict[str, tuple[Fraction, dict[str, int]]] = {
    "FLOP": (Fraction(1), {"FLOP": 1}),
    "OP": (Fraction(1), {"FLOP": 1}),
    "B": (Fraction(1), {"B": 1}),
    "bit": (Fraction(1, 8), {"B": 1}),
    "Hz": (Fraction(1), {"s": -1}),
    "s": (Fraction(1), {"s": 1}),
    "W": (Fraction(1), {"W": 1}),
    "J": (Fraction(1), {"W": 1, "s": 1}),
    "clk": (Fraction(1), {"clk": 1}),
}

SI_UNITS: dict[str, str] = {
    "FLOP/s": "312 TFLOP/s",
    "B": "80 GiB",
    "B/s": "2.039 TB/s",
    "Hz": "1410 MHz",
    "s": "1.5 us",
    "W": "400 W",
    "FLOP": "2 TFLOP",
    "J": "30 J",
    "1": "0.75",
}
"""Units that quantities have inside, each with an example that messages show; ``1`` is a plain number."""

_BINARY = ("Ti", "Gi", "Mi", "Ki", "")
_DECIMAL = ("P", "T", "G", "M", "k", "", "m", "u", "n")

_LOOK_ALIKES = {
    "flops": "FLOP/s",
    "gflops": "GFLOP/s",
    "tflops": "TFLOP/s",
    "pflops": "PFLOP/s",
    "tops": "TOP/s",
    "gb": "GB",
    "mb": "MB",
    "tb": "TB",
    "gib": "GiB",
    "mib": "MiB",
    "kib": "KiB",
    "gbps": "GB/s or Gbit/s",
    "tbps": "TB/s or Tbit/s",
    "mhz": "MHz",
    "ghz": "GHz",
    "watt": "W",
    "cycles": "clk",
    "cycle": "clk",
    "byte": "B",
    "bytes": "B",
    "sec": "s",
}

# 2/3 has no exact decimal.
_PLAIN = re.compile(r"\s*(\d{1,9})\s*/\s*([1-9]\d{0,8})\s*|\s*\d{1,40}(?:\.\d{0,40})?(?:[eE][+-]?\d{1,3})?\s*")

# Lengths are bounded because numbers are taken exactly: 1e999999999 would be a billion digits.
_QUANTITY = re.compile(r"\s*([+-]?(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:[eE][+-]?\d{1,3})?)(?![\d.])\s*(.*?)\s*")


def parse_quantity(text: str, *, unit: str, clock: float | None = None) -> float:
    """Read a unit string as a number in an SI unit.

    Parameters
    ----------
    text
        Number and unit, as ``"5120 B/clk"``.
    unit
        The unit of the result, one of :data:`SI_UNITS`. A plain number may be a quotient: ``"2/3"``.
    clock
        What ``clk`` stands for [Hz]; without it a unit with ``clk`` is refused.

    Raises
    ------
    SpecError
        If number or unit is missing, the unit is unknown or of another kind, or the value is infinite.
    """
    if unit == "1":
        return _parse_plain(text)
    match = _QUANTITY.fullmatch(text)
    text = text if len(text) <= 60 else f"{text[:60]}..."
    if match is None:
        raise SpecError(f"{text!r} is not a number with a unit; write it as {SI_UNITS[unit]!r}")
    number, expression = match.groups()
    if not expression:
        raise SpecError(f"{text!r} has no unit; write it as {SI_UNITS[unit]!r}")
    try:
        factor, dimension = _read_unit(expression)
    except SpecError as error:
        raise SpecError(f"{text!r}: {error}; write it as {SI_UNITS[unit]!r}") from error
    if ("clk", 1) in dimension or ("clk", -1) in dimension:
        factor, dimension = _resolve_clock(text, factor, dimension, clock=clock)
    if dimension != _read_unit(unit)[1]:
        raise SpecError(f"{text!r} is not a quantity in {unit}; write it as {SI_UNITS[unit]!r}")
    value = _as_float(Fraction(number) * factor)
    if not math.isfinite(value):
        raise SpecError(f"{text!r} is not finite; write it as {SI_UNITS[unit]!r}")
    return value


def _parse_plain(text: str) -> float:
    match = _PLAIN.fullmatch(text)
    if match is None:
        raise SpecError(f"{text[:60]!r} is no number; write it as '0.75' or '2/3'")
    return int(match[1]) / int(match[2]) if match[1] else float(text)


def _as_float(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _resolve_clock(
    text: str, factor: Fraction, dimension: Dimension, *, clock: float | None
) -> tuple[Fraction, Dimension]:
    if clock is None:
        raise SpecError(f"{text!r} counts clock cycles, and no clock is known here; write it in seconds")
    powers = dict(dimension)
    cycles = powers.pop("clk")
    powers["s"] = powers.get("s", 0) + cycles
    return factor * Fraction(clock) ** -cycles, _canonical(powers)


def _canonical(powers: dict[str, int]) -> Dimension:
    return tuple(sorted((base, power) for base, power in powers.items() if power))


@functools.cache
def _read_unit(expression: str) -> tuple[Fraction, Dimension]:
    """Factor to SI and dimension of a unit such as ``TB/s``."""
    factor, powers = Fraction(1), dict[str, int]()
    for index, symbol in enumerate(expression.split("/")):
        symbol_factor, symbol_powers = _read_symbol(symbol.strip(), expression)
        sign = -1 if index else 1
        factor *= symbol_factor**sign
        for base, power in symbol_powers.items():
            powers[base] = powers.get(base, 0) + sign * power
    return factor, _canonical(powers)


def _read_symbol(symbol: str, expression: str) -> tuple[Fraction, dict[str, int]]:
    for base, (factor, powers) in _BASES.items():
        prefix = symbol.removesuffix(base)
        if prefix != symbol and prefix in _PREFIXES:
            return _PREFIXES[prefix] * factor, powers
    raise SpecError(f"unit {expression!r} is unknown; {_spelling(symbol)}")


def _spelling(symbol: str) -> str:
    if symbol == "KB":
        return "write kB for 1000 bytes or KiB for 1024"
    if symbol.lower() in _LOOK_ALIKES:
        return f"perhaps {_LOOK_ALIKES[symbol.lower()]!r} is meant"
    return f"known are {', '.join(_BASES)}, with a prefix of {', '.join(filter(None, _PREFIXES))}"


def format_quantity(value: float, unit: str, *, digits: int = 4) -> str:
    """Readable unit string of an SI value: 2.039e12 B/s gives ``"2.039 TB/s"``.

    Capacities [B] have binary prefixes where that is exact, everything else has decimal ones.
    """
    if unit == "1":
        return f"{value:.{digits}g}"
    if unit == "B":
        number, prefix = _with_prefix(value, _BINARY, digits)
        if float(number) * float(_PREFIXES[prefix]) == value:
            return f"{number} {prefix}{unit}"
    number, prefix = _with_prefix(value, _DECIMAL, digits)
    return f"{number} {prefix}{unit}"


def _with_prefix(value: float, prefixes: Sequence[str], digits: int) -> tuple[str, str]:
    prefix = next((name for name in prefixes if value >= _PREFIXES[name]), prefixes[-1])
    return f"{value / float(_PREFIXES[prefix]):.{digits}g}", prefix
