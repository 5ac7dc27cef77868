"""What a workload asks of a device, and what a run of it did: operator graphs and traces.

The public face: an :class:`OpGraph` comes from a module (:func:`trace_module`), a named workload (:func:`graph_of`) or
a file (:func:`load_graph`); a :class:`Trace` from a file of any known tool (:func:`read_trace`) or a run on the machine
at hand (:func:`trace_callable`). torch is imported by those that run something, and only when they are called.
"""

import hw_specs.terminal.interrupts  # noqa: F401  # before all that takes time to import

# isort: split
import importlib

# Not from typing, which takes longer to import than all that is imported before a command can be interrupted.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .capture import trace_module
    from .capture.device import CaptureOptions, trace_callable
    from .formats.catalogue import read_trace
    from .graph import Op, OpGraph, Stage, TensorSpec, Workload
    from .library.graphs import graph_of
    from .storage.graph_file import load_graph, save_graph
    from .storage.trace_file import save_trace
    from .trace import Trace

__all__ = [
    "CaptureOptions",
    "Op",
    "OpGraph",
    "Stage",
    "TensorSpec",
    "Trace",
    "Workload",
    "graph_of",
    "load_graph",
    "read_trace",
    "save_graph",
    "save_trace",
    "trace_callable",
    "trace_module",
]

# Where each public name lives. It is imported when it is first asked for, so that a short question stays quick and
# needs no torch.
_HOMES = {
    "CaptureOptions": "capture.device",
    "Op": "graph",
    "OpGraph": "graph",
    "Stage": "graph",
    "TensorSpec": "graph",
    "Trace": "trace",
    "Workload": "graph",
    "graph_of": "library.graphs",
    "load_graph": "storage.graph_file",
    "read_trace": "formats.catalogue",
    "save_graph": "storage.graph_file",
    "save_trace": "storage.trace_file",
    "trace_callable": "capture.device",
    "trace_module": "capture",
}


def __getattr__(name: str) -> object:
    """Public name of the package, from the module that it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
