"""What the framework launches for an operator: kernels, under an execution mode. Importing registers every rule."""

from . import attention, communication, contraction, convolution, generated, memory, normalization
from .categories import CATEGORIES, category_of
from .launches import Launches, StageLaunches, lower
from .rules import kernels_of, lowering_rule
from .units import assign_units, execution_on

__all__ = [
    "CATEGORIES",
    "Launches",
    "StageLaunches",
    "assign_units",
    "attention",
    "category_of",
    "communication",
    "contraction",
    "convolution",
    "execution_on",
    "generated",
    "kernels_of",
    "lower",
    "lowering_rule",
    "memory",
    "normalization",
]
