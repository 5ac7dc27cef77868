"""What the framework launches for an operator: kernels, under an execution mode. Every module in the rooms
of this folder that has rules is found."""

import importlib
import pkgutil

from .fusion.chains import as_generated
from .graphs.categories import CATEGORIES, category_of
from .graphs.launches import Launches, StageLaunches, graph_as_run, lower
from .products.compiled_graphs import compiled_remarks
from .products.units import assign_units, execution_on
from .rules import kernels_of, lowering_rule, require_rules

__all__ = [
    "CATEGORIES",
    "Launches",
    "StageLaunches",
    "as_generated",
    "assign_units",
    "category_of",
    "compiled_remarks",
    "execution_on",
    "graph_as_run",
    "kernels_of",
    "lower",
    "lowering_rule",
]

for _found in pkgutil.walk_packages(__path__, f"{__name__}."):
    importlib.import_module(_found.name)
require_rules()
