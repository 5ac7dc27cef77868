"""Latency of a run by stage and category."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from simulator.lowering import CATEGORIES
from simulator.schedule.timeline import Timeline

__all__ = ["by_stage_and_category"]


def by_stage_and_category(timeline: Timeline) -> dict[str, Mapping[str, float]]:
    """Elapsed time of each category within each stage, waiting included, all repeats together. [s]"""
    found: dict[str, Mapping[str, float]] = {}
    for stage in timeline.stages:
        times: defaultdict[str, float] = defaultdict(float)
        elapsed = (stage.execution + stage.waiting).tolist()
        for category, time in zip(stage.launches.categories, elapsed, strict=True):
            times[category] += time
        found[stage.launches.stage.name] = {name: times[name] for name in CATEGORIES if times[name] > 0}
    return found
