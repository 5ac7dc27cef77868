"""Graphs of the default workloads, traced beforehand, so that they need neither torch nor time."""

from __future__ import annotations

from pathlib import Path

from tracer.graph import OpGraph, Workload
from tracer.storage.graph_file import load_graph

__all__ = ["BUNDLE", "bundled_graph"]

BUNDLE = Path(__file__).parent


def bundled_graph(name: str, workload: Workload) -> OpGraph | None:
    """Graph of a pipeline from the bundle, if it is there for just this workload."""
    path = BUNDLE / f"{name}.npz"
    if not path.exists():
        return None
    graph = load_graph(path)
    return graph if graph.workload == workload else None
