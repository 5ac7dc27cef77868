"""Spans of one repeat of a stage with what launched them: what a timeline shows."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.schedule.timeline import Span, StageTimeline
from simulator.simulation import Simulation

__all__ = ["LaunchedSpan", "costliest_stage", "spans_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchedSpan:
    """A kernel on the device, with its row in the tables and the operator and module that launched it."""

    span: Span
    row: int
    operator: str
    module: str


def costliest_stage(simulation: Simulation) -> StageTimeline | None:
    """Stage that takes most of the latency; None where nothing runs."""
    return max((s for s in simulation.timeline.stages if len(s.execution)), key=lambda s: s.latency, default=None)


def spans_of(simulation: Simulation, stage: StageTimeline) -> list[LaunchedSpan]:
    """Kernels of the first repeat of a stage, in order."""
    graph, what = simulation.launches.graph, stage.launches.stage
    return [
        LaunchedSpan(
            span=span,
            row=int(row),
            operator=graph.operators[what.operators[span.call]].name,
            module=graph.modules[what.modules[span.call]],
        )
        for span, row in zip(simulation.timeline.spans(stage), stage.launches.rows[0], strict=True)
    ]
