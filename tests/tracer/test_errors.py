from __future__ import annotations

from tracer import graph, workload
from tracer.errors import GraphError


def test_graphs_and_workloads_raise_one_error():
    assert graph.GraphError is workload.GraphError is GraphError
    assert issubclass(GraphError, ValueError)
