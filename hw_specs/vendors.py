"""Makers of accelerators: how drivers, tables and processors name them."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated

from pydantic import Field

from .reading.record import Record, Text, read_record

__all__ = ["Vendor", "maker_words", "vendor_of_processor", "vendors"]

_FILE = Path(__file__).parent / "vendors.yaml"


class Vendor(Record):
    """One maker."""

    name: Text
    words: Annotated[tuple[Text, ...], Field(min_length=1)]
    """What stands in front of a product's own name, in lower case: the maker's name and names of product lines."""
    processor: Text | None = None
    """How its processors name it."""


class _Vendors(Record):
    vendors: tuple[Vendor, ...]


@functools.cache
def vendors() -> tuple[Vendor, ...]:
    """All makers that the package knows."""
    return read_record(_FILE, _Vendors).vendors


@functools.cache
def maker_words() -> frozenset[str]:
    """Words that may stand in front of a product's own name."""
    return frozenset(word for vendor in vendors() for word in vendor.words)


def vendor_of_processor(identification: str) -> str:
    """Maker by the identification string of a processor; the string itself where nobody is known by it."""
    return next((vendor.name for vendor in vendors() if vendor.processor == identification), identification)
