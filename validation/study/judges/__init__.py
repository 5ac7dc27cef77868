"""Functions that compute what statements are judged by, one module for each thing that is judged.

Every function that a module of this folder names in ``__all__`` is a judge: it takes the tables of a study by name, and
by keyword what a statement says under ``with``; it returns numbers, and the statement's criterion says where they must
lie.
"""

from __future__ import annotations

import importlib
import pkgutil

from validation.study.findings import Judge

__all__ = ["find_judges"]


def find_judges() -> dict[str, Judge]:
    """All judges by name."""
    modules = (importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__))
    return {name: getattr(module, name) for module in modules for name in module.__all__}
