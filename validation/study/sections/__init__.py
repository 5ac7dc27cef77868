"""Sections that a study can have, one module each: its name is the module's, and ``section(laboratory)`` makes it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from validation.study.laboratory import Laboratory
from validation.study.section import Section
from validation.study.study import StudyError

__all__ = ["list_sections", "make_sections"]


def list_sections() -> tuple[str, ...]:
    """Names of all sections, sorted."""
    return tuple(sorted(info.name for info in pkgutil.iter_modules(__path__)))


def make_sections(laboratory: Laboratory) -> Iterator[Section]:
    """Sections of the laboratory's study one by one, as they are computed.

    Raises
    ------
    StudyError
        The study names a section that there is not; found before anything is computed.
    """
    unknown = [name for name in laboratory.study.sections if name not in list_sections()]
    if unknown:
        raise StudyError(f"no section {unknown[0]!r}; valid: {', '.join(list_sections())}")
    for name in laboratory.study.sections:
        laboratory.say(f"section {name}")
        section: Section = importlib.import_module(f"{__name__}.{name}").section(laboratory)
        yield section
