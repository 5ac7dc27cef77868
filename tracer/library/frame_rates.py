"""At which rate the videos of a graph play: that of the pipeline of its name."""

from __future__ import annotations

from tracer.graph import OpGraph
from tracer.workloads import UnknownWorkloadError, find_pipeline

__all__ = ["frame_rate_of"]


def frame_rate_of(graph: OpGraph) -> float | None:
    """Frames of a video in a second of it; None where it makes none, or nothing says so. [1/s]"""
    if graph.workload.num_frames is None:
        return None
    try:
        rate = find_pipeline(graph.name).frame_rate
    except UnknownWorkloadError:
        return None
    return None if rate is None else rate.per_second
