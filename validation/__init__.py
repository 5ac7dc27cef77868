"""How far predictions are from what was measured, and what they may be trusted for.

The public face: :func:`compare_trace` holds a measured run against its prediction, :func:`kernel_errors` tables of
measured operator calls (:func:`read_tables`), :func:`predict_cases` published figures (:func:`read_published`).
"""

import hw_specs.terminal.interrupts  # noqa: F401  # before all that takes time to import

# isort: split
import importlib

# Not from typing, which takes longer to import than all that is imported before a command can be interrupted.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .errors.kernels import kernel_errors
    from .errors.trace_comparison import TraceComparison
    from .errors.traces import compare_trace
    from .measured.tables import read_tables
    from .published.errors import predict_cases
    from .published.table import read_published

__all__ = [
    "TraceComparison",
    "compare_trace",
    "kernel_errors",
    "predict_cases",
    "read_published",
    "read_tables",
]

# Where each public name lives. It is imported when it is first asked for, so that a short question stays quick.
_HOMES = {
    "TraceComparison": "errors.trace_comparison",
    "compare_trace": "errors.traces",
    "kernel_errors": "errors.kernels",
    "predict_cases": "published.errors",
    "read_published": "published.table",
    "read_tables": "measured.tables",
}


def __getattr__(name: str) -> object:
    """Public name of the package, from the module that it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
