"""Rates at which videos play: those of their pipelines, each with its source."""

from __future__ import annotations

from dataclasses import replace

from tracer.library.bundle import bundled_graph
from tracer.library.frame_rates import frame_rate_of
from tracer.workloads import find_pipeline, iter_pipelines


def test_of_a_pipeline_by_its_name(stable_diffusion_graph) -> None:
    graph = bundled_graph("wan2.1-1.3b", find_pipeline("wan2.1-1.3b").defaults)
    assert frame_rate_of(graph) == 16.0
    assert frame_rate_of(replace(graph, name="my own")) is None
    assert frame_rate_of(stable_diffusion_graph) is None


def test_rates_have_sources_and_are_of_videos() -> None:
    for pipeline in iter_pipelines():
        if pipeline.frame_rate is not None:
            assert pipeline.family == "video"
            assert pipeline.frame_rate.source
            assert 4 <= pipeline.frame_rate.per_second <= 60
