"""What a published figure is of: the stages of a run whose latencies make it, and their sum."""

from __future__ import annotations

from collections.abc import Mapping

from tracer.graph import GraphError, OpGraph
from tracer.workloads.schedulers import runs_of_denoiser

from .case import Case

__all__ = ["case_stages", "case_time", "sliced_decoding"]

_DECODER = "vae_decoder"


def case_stages(case: Case, graph: OpGraph) -> tuple[str, ...]:
    """Names of the stages that a figure is of, in the order in which they run.

    Raises
    ------
    GraphError
        The workload has no such stage or component.
    """
    wanted = case.stage or ""
    found = tuple(stage.name for stage in graph.stages if _is_part(case, stage.name, stage.component))
    if not found:
        raise GraphError(f"{case.model} has no stage {wanted!r}; valid: {', '.join(s.name for s in graph.stages)}")
    return found


def _is_part(case: Case, stage: str, component: str) -> bool:
    wanted = case.stage or ""
    if case.quantity == "latency":
        return True
    if case.quantity == "component_latency":
        return component == wanted and not stage.endswith("encoder")
    return stage == wanted or (case.quantity == "step_latency" and stage.startswith(f"{wanted}_"))


def case_time(case: Case, graph: OpGraph, latencies: Mapping[str, float]) -> float:
    """Predicted time that a figure is compared with. [s]

    Parameters
    ----------
    case : Case
    graph : OpGraph
        Of the case's workload.
    latencies : mapping of str to float
        Latency of all runs of each stage. [s]

    Raises
    ------
    GraphError
        The workload has no such stage or component.
    """
    total = sum(latencies[name] for name in case_stages(case, graph))
    if case.quantity == "stage_latency":
        return total / graph.stage(case.stage or "").repeats
    if case.quantity == "step_latency":
        return total / (runs_of_denoiser(graph.workload) or 1)
    return total


def sliced_decoding(graph: OpGraph, batched: Mapping[str, float], single: Mapping[str, float]) -> float:
    """What decoding one image after another adds to decoding a batch. [s]

    Parameters
    ----------
    graph : OpGraph
        Of the batch.
    batched, single : mapping of str to float
        Latency of each stage of the batch, and of one image. [s]
    """
    if _DECODER not in batched:
        raise GraphError(f"{graph.name} has no stage {_DECODER!r} to slice; valid: {', '.join(batched)}")
    return graph.workload.batch * single[_DECODER] - batched[_DECODER]
