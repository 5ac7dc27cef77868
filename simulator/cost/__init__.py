"""Kernel time on an accelerator: datasheet roofline and calibrated mechanisms, vectorised over both."""

from .accelerator_columns import hardware_columns
from .basis import kernel_basis
from .explain import ExplainError, Term, explain
from .families import FAMILIES, GROUPS, PARAMETERS
from .hardware import BASES, HardwareColumns, UnsupportedFormatError
from .model import FIDELITIES, FidelityError, KernelCosts, kernel_times
from .parameters import Parameter, ParameterError
from .roofline import BOUNDS

__all__ = [
    "BASES",
    "BOUNDS",
    "FAMILIES",
    "FIDELITIES",
    "GROUPS",
    "PARAMETERS",
    "ExplainError",
    "FidelityError",
    "HardwareColumns",
    "KernelCosts",
    "Parameter",
    "ParameterError",
    "Term",
    "UnsupportedFormatError",
    "explain",
    "hardware_columns",
    "kernel_basis",
    "kernel_times",
]
