"""FLOPs and bytes of operators: a formula for each kind. Every module of this folder that has formulas is found."""

import importlib
import pkgutil

from .op_work import (
    FormulaError,
    OpWork,
    UnknownKeysError,
    UnsupportedOpError,
    compulsory_bytes,
    declared,
    require_formulas,
    work_formula,
    work_of,
)

__all__ = [
    "FormulaError",
    "OpWork",
    "UnknownKeysError",
    "UnsupportedOpError",
    "compulsory_bytes",
    "declared",
    "work_formula",
    "work_of",
]

for _found in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_found.name}")
require_formulas()
