"""One-line messages from pydantic's validation errors: file, key path, what is wrong, what would be valid."""

from __future__ import annotations

import typing
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .errors import SpecError, did_you_mean

__all__ = ["explain", "field_names"]


def explain(error: ValidationError, *, model: type[BaseModel], where: str) -> SpecError:
    """Error for the first finding of a validation, with the number of further ones."""
    findings = error.errors(include_url=False)
    first = findings[0]
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    place = ".".join(str(part) for part in first["loc"]) or "top level"
    return SpecError(f"{where}: {place}: {_sentence(first, model)}{more}")


def field_names(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """Names of the fields of the record at a location inside a model; empty where there is no record."""
    record: type[BaseModel] | None = model
    for part in location:
        field = record.model_fields.get(str(part)) if record is not None else None
        if field is not None:
            record = _record_in(field.annotation)
    return list(record.model_fields) if record is not None else []


def _record_in(annotation: Any) -> type[BaseModel] | None:
    """The record type inside ``X``, ``X | None``, ``dict[str, X]`` or ``tuple[X, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_record_in(argument) for argument in typing.get_args(annotation))
    return next((record for record in found if record is not None), None)


def _sentence(finding: ErrorDetails, model: type[BaseModel]) -> str:
    kind, value = finding["type"], finding["input"]
    valid = field_names(model, finding["loc"][:-1])
    if kind == "extra_forbidden":
        hint = did_you_mean(str(finding["loc"][-1]), valid)
        return f"unknown key; valid are {', '.join(valid)}{hint}"
    if kind == "missing":
        return "missing; give a value"
    if kind == "value_error":
        return finding["msg"].removeprefix("Value error, ")
    return f"{_shown(value)} is refused; {finding['msg'][:1].lower()}{finding['msg'][1:]}"


def _shown(value: object, limit: int = 40) -> str:
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}..."
