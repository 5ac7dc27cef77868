"""How each part of a pipeline runs: a mode may be that of some components alone, and so may an attention kernel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from simulator.execution import FRAMEWORKS_CHOICE, Execution, ExecutionError
from simulator.kernels import AttentionAlgorithm
from simulator.lowering.attention.choice import obstacle_to
from simulator.lowering.autocast import NARROW
from simulator.lowering.convolution.forward import narrows
from simulator.work import work_of
from tracer.graph import Op, OpGraph, Stage
from tracer.operators import Kind, kind_of

__all__ = ["Parts", "parts_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Execution of each stage by its name, and what runs otherwise than was asked for, in sentences."""

    executions: Mapping[str, Execution]
    remarks: tuple[str, ...] = ()


def parts_of(graph: OpGraph, execution: Execution) -> Parts:
    """How each stage of a graph runs.

    A kernel of attention that is asked for by name is that of the component with the most attention work, as pipelines
    set it on their denoiser (``set_attention_backend`` of diffusers is a method of a model). Another component in which
    it cannot run a call takes what the framework picks, and a remark says so.

    Raises
    ------
    ExecutionError
        The execution names a component that the graph lacks, or autocast for a graph without 16-bit tensors.
    """
    _require_components(graph, execution)
    _require_narrow(graph, execution)
    others = _without_named_kernel(graph, execution)
    executions = {}
    for stage in graph.stages:
        own = execution.of(stage.component)
        if stage.component in others:
            own = replace(own, attention=FRAMEWORKS_CHOICE)
        executions[stage.name] = _as_compiled(graph, stage, own)
    remarks = (
        f"attention {execution.attention} runs no call with {reason}: {component} takes what the framework picks."
        for component, reason in others.items()
    )
    return Parts(executions=executions, remarks=tuple(remarks))


def _require_components(graph: OpGraph, execution: Execution) -> None:
    known = dict.fromkeys(stage.component for stage in graph.stages)
    for name in (*execution.components, *execution.channels_last_components):
        if name not in known:
            raise ExecutionError(f"{graph.name} has no component {name!r}; valid: {', '.join(known)}")


def _require_narrow(graph: OpGraph, execution: Execution) -> None:
    """Check that autocast, which widens what is narrow, finds any of it."""
    if execution.autocast and not any(t.dtype in NARROW for op in graph.operators for t in op.outputs):
        raise ExecutionError(
            f"autocast: nothing of {graph.name} is in 16 bits; a run under autocast is one of dtype "
            f"{' or '.join(NARROW)}, in which its products are"
        )


def _without_named_kernel(graph: OpGraph, execution: Execution) -> dict[str, str]:
    """Components in which the kernel that is asked for cannot run a call, and why; not the one with the most work."""
    algorithm = execution.attention_algorithm
    if algorithm is None:
        return {}
    work: dict[str, float] = {}
    reasons: dict[str, str] = {}
    for stage in graph.stages:
        work[stage.component] = work.get(stage.component, 0.0) + stage.repeats * _attention_work(graph, stage)
        reason = _obstacle(graph, stage, algorithm)
        if reason:
            reasons.setdefault(stage.component, reason)
    main = max(work, key=lambda name: work[name], default="")
    return {component: reason for component, reason in reasons.items() if component != main}


def _attention_work(graph: OpGraph, stage: Stage) -> float:
    """FLOPs of the attention of one run of a stage."""
    calls = np.bincount(stage.operators, minlength=len(graph.operators))
    return sum(float(calls[at]) * work_of(op).contraction_flops for at, op in _attentions(graph, stage))


def _obstacle(graph: OpGraph, stage: Stage, algorithm: AttentionAlgorithm) -> str:
    return next(filter(None, (obstacle_to(op, algorithm) for _, op in _attentions(graph, stage))), "")


def _attentions(graph: OpGraph, stage: Stage) -> Iterator[tuple[int, Op]]:
    """Distinct attention calls of a stage that say not what ran them, by their number."""
    for at in np.unique(stage.operators).tolist():
        op = graph.operators[at]
        if kind_of(op.name) is Kind.ATTENTION:
            yield at, op


def _as_compiled(graph: OpGraph, stage: Stage, execution: Execution) -> Execution:
    """Execution whose compiler has decided on the layout of a stage's images."""
    software = execution.software
    by_framework = execution.compiled and not execution.fuses_epilogues
    if not by_framework or software.layout_optimization != "unless_narrowing":
        return execution
    optimizes = not any(narrows(graph.operators[at]) for at in np.unique(stage.operators).tolist())
    decided = replace(software, layout_optimization="always" if optimizes else "never")
    return replace(execution, software=decided)
