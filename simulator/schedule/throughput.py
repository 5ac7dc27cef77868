"""What a run gives in a time, in the units of those who use it."""

from __future__ import annotations

from collections.abc import Mapping

from tracer.graph import OpGraph, Workload

__all__ = ["throughput_of"]

_HOUR = 3600.0  # [s]


def throughput_of(
    graph: OpGraph, latency: float, stages: Mapping[str, float], frame_rate: float | None = None
) -> dict[str, float]:
    """Images, frames, videos or tokens in a time, by name; empty where a run gives none of them.

    Parameters
    ----------
    graph : OpGraph
    latency : float
        Of the run. [s]
    stages : mapping
        Latency of each stage. [s]
    frame_rate : float, optional
        At which a video plays. [1/s]
    """
    return _outputs(graph.workload, latency, frame_rate) or _tokens(graph, latency, stages)


def _outputs(workload: Workload, latency: float, frame_rate: float | None) -> dict[str, float]:
    """Outputs as those who use them count: images a second; frames a second, videos and seconds of them an hour."""
    if latency <= 0 or workload.max_new_tokens is not None or workload.height is None:
        return {}
    outputs = workload.batch / latency
    if workload.num_frames is None:
        return {"images_per_second": outputs}
    frames = outputs * workload.num_frames
    found = {"frames_per_second": frames, "videos_per_hour": _HOUR * outputs}
    return found if frame_rate is None else {**found, "video_seconds_per_hour": _HOUR * frames / frame_rate}


def _tokens(graph: OpGraph, latency: float, stages: Mapping[str, float]) -> dict[str, float]:
    """Tokens a second of all sequences of a language model, and when each sees its first and its next ones. [1/s, s]

    Each repeat of the last stage makes one token of every sequence, and all before it the first one.
    """
    new = graph.workload.max_new_tokens
    if latency <= 0 or new is None or graph.workload.height is not None:
        return {}
    last = graph.stages[-1]
    after = stages[last.name] if last.repeats == new - 1 else 0.0
    found = {"tokens_per_second": graph.workload.batch * new / latency, "time_to_first_token": latency - after}
    return {**found, "time_per_output_token": after / last.repeats} if after else found
