"""Spans of one step."""

import pytest

from simulator.profile.steps import costliest_stage, spans_of


def test_the_costliest_stage_and_its_kernels(stable_diffusion_run):
    stage = costliest_stage(stable_diffusion_run)
    assert stage.launches.stage.name == "unet"
    spans = spans_of(stable_diffusion_run, stage)
    assert len(spans) == stage.launches.rows.shape[1]
    busy = sum(s.span.duration for s in spans)
    assert busy * stage.launches.stage.repeats == pytest.approx(float(stage.execution.sum()))
    assert all(s.module.startswith("unet") for s in spans)
    assert all(stable_diffusion_run.kernels.name[s.row] == s.span.name for s in spans)
