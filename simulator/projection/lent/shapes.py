"""Shapes of a trace that was recorded without them, from the graph of the same workload.

Operators of both are lined up; a trace of kernels alone (CUDA graphs, Nsight and ROCm files) has none, and its products
and attention are lined up instead.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simulator.projection.host_runs import has_shapes
from tracer.graph import GraphError, OpGraph
from tracer.storage.graph_file import load_graph
from tracer.trace import Trace

from .kernels import of_kernels
from .operators import of_operators
from .taken import ShapesTaken

__all__ = ["lent_shapes", "with_shapes_of"]

_MOST = 0.5


def with_shapes_of(trace: Trace, graph: OpGraph) -> tuple[Trace, ShapesTaken] | None:
    """Trace whose operators have the shapes of a graph's; None where it has shapes of its own.

    Parameters
    ----------
    trace : Trace
    graph : OpGraph
        Of one run, such as a training step or a forward pass; its batch is that of the trace.
    """
    if _recorded(trace):
        return None
    return of_operators(trace, graph) if _has_operators(trace) else of_kernels(trace, graph)


def lent_shapes(trace: Trace, path: Path) -> tuple[Trace, tuple[str, ...]]:
    """Trace with the shapes of a graph file, and what is said of them.

    Raises
    ------
    GraphError
        The trace has shapes of its own, or the file is no graph.
    """
    shaped = with_shapes_of(trace, load_graph(path))
    if shaped is None:
        raise GraphError(f"{trace.label}: has shapes of its own; --graph lends them to a trace that has none")
    return shaped[0], shaped[1].lines()


def _has_operators(trace: Trace) -> bool:
    """Whether operators launched most of the device time."""
    time = trace.kernels.duration * trace.kernels.repeats
    return not len(time) or float(time[trace.kernels.call >= 0].sum()) >= _MOST * float(time.sum())


def _recorded(trace: Trace) -> bool:
    """Whether most calls that launched something have shapes; messages between ranks have them in any case."""
    launching = np.unique(trace.kernels.call[trace.kernels.call >= 0])
    if not len(launching):
        return has_shapes(trace)
    shaped = np.array([bool(op.inputs) for op in trace.operators], dtype=np.bool_)
    return bool(shaped[trace.calls.operator[launching]].mean() > _MOST)
