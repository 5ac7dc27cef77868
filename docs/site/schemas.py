"""Contracts of the files that users write, from the classes that read them."""

from __future__ import annotations

import functools
import inspect
import json
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import griffe
from pydantic import BaseModel

from hw_specs.architecture import Architecture
from hw_specs.calibration import Calibration
from hw_specs.schema import Accelerator
from simulator.hosts.host import HostFile
from simulator.quantization.scheme import Scheme
from simulator.software.software import Release
from simulator.whatif.study.file import StudyFile

__all__ = ["FILES", "contract", "schema_of"]

#: Title of each kind of file and the class that reads it.
FILES: dict[str, type[BaseModel]] = {
    "Accelerator": Accelerator,
    "Architecture": Architecture,
    "Calibration": Calibration,
    "Host": HostFile,
    "Quantisation scheme": Scheme,
    "Release of software": Release,
    "Study": StudyFile,
}

#: Types that have a plainer word.
_WORDS: dict[Any, str] = {str: "text", float: "number", int: "whole number", bool: "`true`, `false`"}


def schema_of(model: type[BaseModel]) -> str:
    """JSON Schema of a kind of file."""
    return json.dumps(model.model_json_schema(), indent=1)


def contract(model: type[BaseModel]) -> str:
    """A table for a class and for every class in its fields: field, type, whether it must be there, what it means."""
    return "\n\n".join(_table(part) for part in _with_parts(model))


def _with_parts(model: type[BaseModel]) -> list[type[BaseModel]]:
    """A class and those of its fields, each once, in order."""
    found: list[type[BaseModel]] = []
    ahead = [model]
    while ahead:
        part = ahead.pop(0)
        if part not in found:
            found.append(part)
            ahead += [inner for info in part.model_fields.values() for inner in _classes(info.annotation)]
    return found


def _classes(annotation: Any) -> Iterator[type[BaseModel]]:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _classes(inner)


def _table(model: type[BaseModel]) -> str:
    meanings = _meanings(model)
    rows = []
    for name, info in model.model_fields.items():
        needed = "yes" if info.is_required() else ""
        rows.append(f"| `{info.alias or name}` | {_type(info.annotation)} | {needed} | {meanings.get(name, '')} |")
    summary = (inspect.getdoc(model) or "").partition("\n")[0]
    return "\n".join(
        [f"#### {model.__name__}", "", summary, "", "| field | type | needed | what |", "|---|---|---|---|", *rows]
    )


def _type(annotation: Any) -> str:
    """A type in words: classes by name, choices by their values; what may be left out has its column."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation in (Any, Ellipsis):
        return "anything" if annotation is Any else "..."
    if origin is typing.Annotated:
        return _type(inner[0])
    if origin is typing.Literal:
        return ", ".join(f"`{value}`" for value in inner)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_type(one) for one in inner if one is not type(None))
    if issubclass(origin or annotation, Mapping):
        return f"mapping of {_type(inner[0])} to {_type(inner[1])}" if inner else "mapping"
    if inner:
        return f"list of {_type(inner[0])}"
    return _WORDS.get(annotation, annotation.__name__)


@functools.cache
def _module(path: str) -> Any:
    return griffe.load(path, docstring_parser="numpy", resolve_aliases=False)


def _meanings(model: type[BaseModel]) -> dict[str, str]:
    """What each field means: the text behind it, or its entry under `Attributes`."""
    found: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        if not (inspect.isclass(owner) and issubclass(owner, BaseModel)) or owner.__module__.startswith("pydantic"):
            continue
        known = _module(owner.__module__)[owner.__name__]
        for section in known.docstring.parsed if known.docstring else ():
            if section.kind is griffe.DocstringSectionKind.attributes:
                found |= {entry.name: _line(entry.description) for entry in section.value}
        found |= {name: _line(a.docstring.value) for name, a in known.attributes.items() if a.docstring}
    return found


def _line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
