"""Kernel time on an accelerator: datasheet roofline and calibrated mechanisms, vectorised over both."""

from .hardware import BASES, HardwareColumns, UnsupportedFormatError
from .model import FIDELITIES, FidelityError, KernelCosts, kernel_times
from .parameters import PARAMETERS, Parameter, ParameterError
from .roofline import BOUNDS

__all__ = [
    "BASES",
    "BOUNDS",
    "FIDELITIES",
    "PARAMETERS",
    "FidelityError",
    "HardwareColumns",
    "KernelCosts",
    "Parameter",
    "ParameterError",
    "UnsupportedFormatError",
    "kernel_times",
]
