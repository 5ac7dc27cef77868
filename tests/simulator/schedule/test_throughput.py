"""Outputs in a time, by hand arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from simulator.schedule.throughput import throughput_of
from tracer.graph import Op, OpGraph, TensorSpec, Workload

_ADD = Op("aten::add", (TensorSpec((4,), "float16", storage=0),) * 2, (TensorSpec((4,), "float16", storage=1),))


def _graph(make_graph: Callable[..., OpGraph], repeats: int = 1, **workload: object) -> OpGraph:
    return replace(make_graph([_ADD], repeats=repeats), workload=Workload(**workload))  # type: ignore[arg-type]


def test_images_and_videos(make_graph: Callable[..., OpGraph]) -> None:
    images = _graph(make_graph, batch=4, height=64, width=64)
    assert throughput_of(images, 2.0, {}) == {"images_per_second": 2.0}
    video = _graph(make_graph, batch=1, height=64, width=64, num_frames=16)
    assert throughput_of(video, 10.0, {}, 8.0) == pytest.approx(
        {"frames_per_second": 1.6, "videos_per_hour": 360.0, "video_seconds_per_hour": 720.0}
    )
    assert throughput_of(images, 0.0, {}) == {}


def test_tokens_and_when_they_come(make_graph: Callable[..., OpGraph]) -> None:
    text = _graph(make_graph, repeats=9, batch=2, max_new_tokens=10)
    found = throughput_of(text, 2.0, {text.stages[-1].name: 1.8})
    assert found == pytest.approx({"tokens_per_second": 10.0, "time_to_first_token": 0.2, "time_per_output_token": 0.2})
