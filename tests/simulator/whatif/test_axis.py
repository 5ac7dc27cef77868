"""Axes of workloads and the values that pipelines can have there."""

from __future__ import annotations

import pytest

from simulator.whatif.axis import SCALES, axis_of
from tracer.graph import GraphError


def test_a_resolution_keeps_the_shape_of_the_image() -> None:
    axis = axis_of("stable-diffusion", "resolution", {"height": 256, "width": 512})
    assert axis.default == 256
    assert axis.settings(128) == {"height": 128, "width": 256}


def test_frames_keep_to_the_rule_of_the_pipeline() -> None:
    axis = axis_of("cogvideox-2b", "frames", {})
    step, offset = axis.pipeline.frame_rule
    assert all((value - offset) % step == 0 for value in axis.usual())
    assert axis.nearest(offset + 2.6 * step) == offset + 3 * step
    assert axis.default in axis.usual()


def test_values_are_at_least_one_step() -> None:
    assert axis_of("stable-diffusion", "resolution", {}).nearest(1) == 8
    assert axis_of("stable-diffusion", "batch", {}).nearest(0.2) == 1
    assert axis_of("stable-diffusion", "batch", {}).usual()[0] == 1


def test_what_a_pipeline_cannot_have_is_refused() -> None:
    with pytest.raises(GraphError, match=r"unknown axis 'depth'; valid: batch, resolution.*, devices"):
        axis_of("stable-diffusion", "depth", {})
    with pytest.raises(GraphError, match="stable-diffusion has no frames; valid: batch, resolution, steps, context"):
        axis_of("stable-diffusion", "frames", {})
    with pytest.raises(GraphError, match="multiples of 8"):
        axis_of("stable-diffusion", "resolution", {}).settings(513)


def test_every_axis_is_a_setting() -> None:
    from dataclasses import fields

    from tracer.graph import Workload

    assert set(SCALES.values()) <= {field.name for field in fields(Workload)}


def test_of_devices_the_last_split_grows() -> None:
    axis = axis_of("pixart-alpha", "devices", {}, "cfg=2,ulysses=1")
    assert axis.usual()[:4] == [1, 2, 4, 8]
    assert [axis.settings(value)["parallel"] for value in (1, 2, 8)] == ["", "cfg=2", "ulysses=4,cfg=2"]
    with pytest.raises(GraphError, match="3 devices are no multiple of the 2 of cfg=2"):
        axis.settings(3)


def test_devices_split_weights_of_language_models_and_sequences_of_others() -> None:
    assert axis_of("llama2-7b", "devices", {}).settings(4) == {"parallel": "tensor=4"}
    assert axis_of("flux-schnell", "devices", {}).settings(4) == {"parallel": "ulysses=4"}
