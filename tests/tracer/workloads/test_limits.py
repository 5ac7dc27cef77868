"""Settings out of bounds are refused at once, for every pipeline, with one line that says what would do."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tracer.graph import Workload
from tracer.workloads import WorkloadError, find_pipeline, iter_pipelines, resolve
from tracer.workloads.limits import LimitError, Limits, check_limits

_PIPELINES = {pipeline.name: pipeline for pipeline in iter_pipelines()}
# What nobody can mean, by setting; sizes are multiples of every pipeline's own.
_EXTREMES = {
    "batch": (100_000, 10**9),
    "height": (96 * 1024, 10**9),
    "width": (96 * 1024, 10**9),
    "num_frames": (100_001, 10**9),
    "num_inference_steps": (1001, 1_000_000),
    "prompt_length": (10_000_000, 10**9),
    "max_new_tokens": (10_000_000, 10**9),
}


@pytest.mark.parametrize("name", _PIPELINES)
@pytest.mark.parametrize("setting", _EXTREMES)
def test_extremes_are_refused_in_one_line(name: str, setting: str) -> None:
    pipeline = _PIPELINES[name]
    if getattr(pipeline.defaults, setting) is None:
        return
    for value in _EXTREMES[setting]:
        with pytest.raises((LimitError, WorkloadError), match="valid") as caught:
            resolve(pipeline, {setting: value})
        assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("name", [n for n, p in _PIPELINES.items() if p.defaults.height is not None])
def test_a_size_without_a_position_at_the_deepest_level_is_refused(name: str) -> None:
    pipeline = _PIPELINES[name]
    small = max(pipeline.limits.smallest_edge - 1, 1) // pipeline.size_multiple * pipeline.size_multiple
    with pytest.raises((LimitError, WorkloadError), match="height"):
        resolve(pipeline, {"height": small or 8})


@pytest.mark.parametrize("name", _PIPELINES)
def test_the_number_that_would_do_does(name: str) -> None:
    pipeline = _PIPELINES[name]
    with pytest.raises(LimitError, match="batch") as caught:
        resolve(pipeline, {"batch": 10**9})
    most = int(re.findall(r"up to (\d+)", str(caught.value))[-1])
    assert resolve(pipeline, {"batch": most}).batch == most
    with pytest.raises(LimitError):
        resolve(pipeline, {"batch": most + 1})


def test_positions_of_a_language_model_hold_prompt_and_answer() -> None:
    llama = find_pipeline("llama2-7b")
    assert resolve(llama, {"prompt_length": 4000, "max_new_tokens": 96}).prompt_length == 4000
    with pytest.raises(LimitError, match="valid: up to 96 after a prompt of 4000"):
        resolve(llama, {"prompt_length": 4000, "max_new_tokens": 97})
    with pytest.raises(LimitError, match="has 4096 positions; valid: up to 3968 with 128 new tokens"):
        resolve(llama, {"prompt_length": 10_000_000})


def test_a_limit_by_hand() -> None:
    images = Workload(height=1024, width=1024)
    check_limits("a", Limits(), replace(images, batch=2**14))
    with pytest.raises(LimitError, match=r"batch 16385 .* a: of 1024 x 1024 pixels, valid are up to 16384"):
        check_limits("a", Limits(), replace(images, batch=2**14 + 1))
    with pytest.raises(LimitError, match="num_frames 33 is impossible for a; valid: 1 to 32"):
        check_limits("a", Limits(frames=32), replace(images, num_frames=33))
    with pytest.raises(LimitError, match="more than any machine holds"):
        check_limits("a", Limits(), Workload(height=16384, width=16384, num_frames=2048))
