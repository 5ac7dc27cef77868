"""The sources of this folder: files that declare a ``SOURCE`` are found by listing, plain ones stand in one file."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import yaml

from .source import Source

__all__ = ["list_sources", "source_of"]


_PLAIN = Path(__file__).parent / "plain.yaml"
_HOT_RATES = Path(__file__).parent / "hot_rates.yaml"


@functools.cache
def list_sources() -> Mapping[str, Source]:
    """Every source by its name."""
    folder = str(Path(__file__).parent)
    modules = (importlib.import_module(f"{__package__}.{info.name}") for info in pkgutil.iter_modules([folder]))
    found = [module.SOURCE for module in modules if hasattr(module, "SOURCE")]
    plain = yaml.safe_load(_PLAIN.read_text(encoding="utf-8"))
    found += [Source(name=name, citation=citation) for name, citation in plain.items()]
    rates = yaml.safe_load(_HOT_RATES.read_text(encoding="utf-8"))
    known = (replace(source, hot_rates=rates.get(source.name, {})) for source in found)
    return {source.name: source for source in sorted(known, key=lambda source: source.name)}


@functools.cache
def source_of(name: str) -> Source:
    """Source of rows that call it so; one that times single eager calls, where no file declares it."""
    for known, source in list_sources().items():
        if name == known or name.startswith(f"{known} "):
            return source
    return Source(name=name, citation=name)
