"""Kernel time on an accelerator: datasheet roofline and calibrated mechanisms, vectorised over both."""

from .accelerator_columns import hardware_columns
from .basis import kernel_basis
from .explain import ExplainError, Term, explain
from .families import FAMILIES, GROUPS, PARAMETERS
from .gains import RESOURCES, CoreSteps, Gains, gains_of, trial_columns, trial_times
from .hardware import BASES, HardwareColumns, UnsupportedFormatError
from .model import FIDELITIES, FidelityError, KernelCosts, kernel_times, run_totals, within_power
from .parameters import Parameter, ParameterError
from .roofline import BOUNDS

__all__ = [
    "BASES",
    "BOUNDS",
    "FAMILIES",
    "FIDELITIES",
    "GROUPS",
    "PARAMETERS",
    "RESOURCES",
    "CoreSteps",
    "ExplainError",
    "FidelityError",
    "Gains",
    "HardwareColumns",
    "KernelCosts",
    "Parameter",
    "ParameterError",
    "Term",
    "UnsupportedFormatError",
    "explain",
    "gains_of",
    "hardware_columns",
    "kernel_basis",
    "kernel_times",
    "run_totals",
    "trial_columns",
    "trial_times",
    "within_power",
]
