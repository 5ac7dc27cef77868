"""What the fields of the records hold: the record behind a field, the numbers under it and their units."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from hw_specs.units.number_formats import FORMAT_BITS
from hw_specs.units.quantity import Quantity

__all__ = ["field_names", "lookup", "number_units", "record_in"]


def field_names(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """Names of the fields of the record at a location inside a model; empty where there is no record."""
    record: type[BaseModel] | None = model
    for part in location:
        field = record.model_fields.get(str(part)) if record is not None else None
        if field is not None:
            record = record_in(field.annotation)
    return list(record.model_fields) if record is not None else []


def record_in(annotation: Any) -> type[BaseModel] | None:
    """Return the record type inside ``X``, ``X | None``, ``dict[str, X]`` or ``tuple[X, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (record_in(argument) for argument in typing.get_args(annotation))
    return next((record for record in found if record is not None), None)


def number_units(record: BaseModel | type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Dotted paths and SI units of all numbers that a record may hold, present or not; a count has no unit.

    Dictionaries of records (links) give the entries that they have, dictionaries of rates all number formats.
    """
    model = record if isinstance(record, type) else type(record)
    for name, field in model.model_fields.items():
        value = None if isinstance(record, type) else getattr(record, name)
        for path, unit in _under(field.annotation, field.metadata, value):
            yield (f"{name}.{path}" if path else name), unit


def lookup(tree: Mapping[str, Any], path: str) -> int | float | None:
    """Return the number at a dotted path of nested mappings, or None."""
    node: Any = tree
    for part in path.split("."):
        node = node.get(part) if isinstance(node, Mapping) else None
    return node if isinstance(node, int | float) else None


def _under(annotation: Any, metadata: Iterable[object], value: object) -> Iterator[tuple[str, str]]:
    record = record_in(annotation)
    unit = _unit_in(annotation, metadata)
    if record is not None and isinstance(value, dict):
        for key, entry in value.items():
            yield from ((f"{key}.{path}", below) for path, below in number_units(entry))
    elif record is not None and typing.get_origin(annotation) is not dict:
        yield from number_units(value if isinstance(value, BaseModel) else record)
    elif unit is not None and typing.get_origin(annotation) is dict:
        yield from ((name, unit) for name in FORMAT_BITS)
    elif unit is not None:
        yield "", unit
    elif _is_count(annotation):
        yield "", ""


def _unit_in(annotation: Any, metadata: Iterable[object]) -> str | None:
    """Unit of the quantity that a field is marked as, also inside ``X | None`` and ``dict[str, X]``."""
    for mark in metadata:
        if isinstance(mark, Quantity):
            return mark.unit
    inner = getattr(annotation, "__metadata__", ())
    arguments = typing.get_args(annotation)
    found = (_unit_in(argument, getattr(argument, "__metadata__", ())) for argument in arguments)
    return _unit_in(None, inner) if inner else next((unit for unit in found if unit is not None), None)


def _is_count(annotation: Any) -> bool:
    return annotation is int or any(_is_count(argument) for argument in typing.get_args(annotation))
