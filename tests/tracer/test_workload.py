"""Settings of a run are checked where they are made."""

from __future__ import annotations

import pytest

from tracer.errors import GraphError
from tracer.workload import Workload


@pytest.mark.parametrize("name", ["batch", "height", "num_frames", "num_inference_steps", "max_new_tokens"])
@pytest.mark.parametrize("value", [0, -1, -(10**9)])
def test_counts_must_be_positive(name, value):
    with pytest.raises(GraphError, match=f"^{name} is {value}; it must be at least 1$"):
        Workload(**{name: value})


@pytest.mark.parametrize("name", ["batch", "width", "max_new_tokens"])
def test_counts_stay_within_64_bits(name):
    Workload(**{name: 10**9})
    with pytest.raises(GraphError, match=f"^{name} is 1000000001; it must be at most 1000000000$"):
        Workload(**{name: 10**9 + 1})


@pytest.mark.parametrize("value", [-0.5, float("inf"), float("nan")])
def test_guidance_must_be_finite_and_not_negative(value):
    with pytest.raises(GraphError, match="guidance_scale"):
        Workload(guidance_scale=value)


def test_an_unknown_dtype_of_a_workload_is_refused():
    with pytest.raises(GraphError, match="unknown dtype 'fp17'; valid: bfloat16"):
        Workload(dtype="fp17")


@pytest.mark.parametrize(("scale", "guided"), [(None, False), (0.0, False), (1.0, False), (1.01, True), (7.5, True)])
def test_guidance_above_one_runs_a_second_sample(scale, guided):
    assert Workload(guidance_scale=scale).guided is guided
