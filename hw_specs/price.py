r"""What an accelerator costs its user, linear in its fields: a base, and an amount for so much of a field.

.. math:: \mathrm{price} = b + \sum_i c_i x_i

In a file, with any currency and any of the numbers that ``hwspec show`` lists:

.. code-block:: yaml

    price:
      currency: USD
      base: 2000
      per:
        memory.dram.capacity: 12 per GiB
        memory.dram.bandwidth: 900 per TB/s
        cores.count: 40
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from .errors import SpecError
from .reading.fields import lookup, number_units
from .reading.record import Record, Text
from .terminal.meanings import did_you_mean
from .units.strings import SI_UNITS, parse_quantity

if TYPE_CHECKING:
    from .schema import Accelerator

__all__ = ["Price", "price_of", "price_terms"]

_Number = Annotated[float, Field(allow_inf_nan=False)]
_AMOUNT = re.compile(r"\s*([+-]?\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,3})?)\s*(?:per\s+(.+?))?\s*")


class Price(Record):
    """Cost of a part as a linear function of its fields."""

    currency: Text | None = None
    base: _Number = 0.0
    """What is paid whatever the fields are. [currency]"""
    per: Mapping[Text, str | _Number] = Field(default_factory=dict)
    """By path, amount for so much of it (``12 per GiB``); a plain number for each of a count."""


def price_of(accelerator: Accelerator) -> float | None:
    """Cost of an accelerator in the currency of its price; None where it has none."""
    if accelerator.price is None:
        return None
    tree = accelerator.model_dump()
    terms = price_terms(accelerator)
    return accelerator.price.base + sum(c * float(lookup(tree, path) or 0.0) for path, c in terms.items())


def price_terms(accelerator: Accelerator) -> dict[str, float]:
    """Coefficients of the price by path, for each SI unit of the field (or for each of a count). [currency]

    Raises
    ------
    SpecError
        A path is none, the accelerator has no value there, or a coefficient is not in its unit.
    """
    if accelerator.price is None:
        return {}
    units, tree = dict(number_units(accelerator)), accelerator.model_dump()
    for path in accelerator.price.per:
        if path not in units:
            raise SpecError(f"price per {path!r} is no number of an accelerator{did_you_mean(path, units)}")
        if lookup(tree, path) is None:
            raise SpecError(f"price per {path}: there is no value; give one, or leave it out")
    return {path: _coefficient(path, amount, units[path]) for path, amount in accelerator.price.per.items()}


def _coefficient(path: str, amount: str | float, unit: str) -> float:
    match = _AMOUNT.fullmatch(str(amount))
    wanted = f"12 per {SI_UNITS[unit].partition(' ')[2]}" if SI_UNITS.get(unit, "").count(" ") else "40"
    if match is None or bool(match[2]) != (" " in wanted):
        raise SpecError(f"price per {path}: {str(amount)[:60]!r} is no amount; write it as {wanted!r}")
    value = float(match[1])
    try:
        return value / parse_quantity(f"1 {match[2]}", unit=unit) if match[2] else value
    except SpecError as error:
        raise SpecError(f"price per {path}: {error}") from error
