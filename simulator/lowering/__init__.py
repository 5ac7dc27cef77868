"""What the framework launches for an operator: kernels, under an execution mode. Every module of this folder that has
rules is found."""

import importlib
import pkgutil

from .categories import CATEGORIES, category_of
from .fusion import as_generated
from .launches import Launches, StageLaunches, graph_as_run, lower
from .rules import kernels_of, lowering_rule, require_rules
from .units import assign_units, execution_on

__all__ = [
    "CATEGORIES",
    "Launches",
    "StageLaunches",
    "as_generated",
    "assign_units",
    "category_of",
    "execution_on",
    "graph_as_run",
    "kernels_of",
    "lower",
    "lowering_rule",
]

for _found in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_found.name}")
require_rules()
