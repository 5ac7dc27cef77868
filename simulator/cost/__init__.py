"""Kernel time on an accelerator: datasheet roofline and calibrated mechanisms, vectorised over both."""

from .explain import ExplainError, Term, explain
from .hardware import BASES, HardwareColumns, UnsupportedFormatError
from .model import FIDELITIES, FidelityError, KernelCosts, kernel_times
from .parameters import PARAMETERS, Parameter, ParameterError
from .roofline import BOUNDS

__all__ = [
    "BASES",
    "BOUNDS",
    "FIDELITIES",
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
    "kernel_times",
]
