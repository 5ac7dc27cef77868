"""Traits of an architecture for people: values, who states each, and what is assumed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hw_specs.architecture import Architecture, trait_paths
from hw_specs.reading.fields import number_units
from hw_specs.units.strings import format_quantity

__all__ = ["TraitRow", "assumptions", "trait_rows"]


@dataclass(frozen=True, kw_only=True)
class TraitRow:
    """One trait as it is shown."""

    path: str
    value: str
    source: str
    """Who states it; where it is assumed, from which architecture, and what that one rests on."""


def trait_rows(architecture: Architecture) -> list[TraitRow]:
    """All traits that have a value."""
    units = dict(number_units(Architecture))
    return [
        TraitRow(path=path, value=_text(value, units.get(path, "")), source=_source(architecture, path))
        for path in trait_paths()
        if (value := architecture.trait(path)) is not None
    ]


def assumptions(architecture: Architecture) -> str:
    """One line that says which traits are assumed, and from which architecture; empty where none is.

    Examples
    --------
    >>> from hw_specs import load_architecture
    >>> assumptions(load_architecture("pascal"))
    ''
    """
    assumed = architecture.assumed
    if not assumed:
        return ""
    if all(path in assumed for path in trait_paths() if architecture.trait(path) is not None):
        return f"traits assumed from {architecture.parent or architecture.like}: all"
    by_origin: dict[str, list[str]] = {}
    for path, origin in assumed.items():
        by_origin.setdefault(origin, []).append(path)
    said = (f"from {origin}: {', '.join(_by_group(paths))}" for origin, paths in by_origin.items())
    return f"traits assumed {'; '.join(said)}"


def _by_group(paths: Iterable[str]) -> list[str]:
    groups: dict[str, list[str]] = {}
    for path in paths:
        group, _, inner = path.partition(".")
        groups.setdefault(group, []).extend([inner] if inner else [])
    return [f"{group} ({', '.join(inner)})" if inner else group for group, inner in groups.items()]


def _text(value: object, unit: str) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{wanted} runs as {taken}" for wanted, taken in value.items()) or "none"
    return format_quantity(value, unit) if isinstance(value, float) and unit else str(value)


def _source(architecture: Architecture, path: str) -> str:
    ground = architecture.source_of(path)
    whose = architecture.assumed.get(path)
    return ground if whose is None else f"assumed from {whose} ({ground})"
