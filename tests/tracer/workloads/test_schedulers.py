"""How often a scheduler runs the denoiser, against the time steps that diffusers makes."""

from __future__ import annotations

import pytest

from tracer.graph import GraphError, Workload
from tracer.workloads.schedulers import SCHEDULERS, runs_of_denoiser, without_scheduler

_THEIRS = {
    "ddim": ("DDIMScheduler", {}),
    "dpm++2m": ("DPMSolverMultistepScheduler", {}),
    "unipc": ("UniPCMultistepScheduler", {}),
    "euler": ("EulerDiscreteScheduler", {}),
    "lcm": ("LCMScheduler", {}),
    "flow-match-euler": ("FlowMatchEulerDiscreteScheduler", {}),
    "pndm": ("PNDMScheduler", {"skip_prk_steps": True}),
    "heun": ("HeunDiscreteScheduler", {}),
    "dpm2": ("KDPM2DiscreteScheduler", {}),
    "dpm2-ancestral": ("KDPM2AncestralDiscreteScheduler", {}),
    "flow-match-heun": ("FlowMatchHeunDiscreteScheduler", {}),
}


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", _THEIRS)
def test_runs_are_the_time_steps_of_diffusers(name):
    diffusers = pytest.importorskip("diffusers")
    theirs, settings = _THEIRS[name]
    scheduler = getattr(diffusers, theirs)(**settings)
    scheduler.set_timesteps(7)
    assert SCHEDULERS[name](7) == len(scheduler.timesteps)


def test_steps_of_the_trace_are_the_runs():
    workload = Workload(num_inference_steps=30, scheduler="heun")
    assert without_scheduler(workload) == Workload(num_inference_steps=59)
    assert without_scheduler(Workload(num_inference_steps=30)) == Workload(num_inference_steps=30)
    assert runs_of_denoiser(Workload(scheduler="pndm")) is None


def test_an_unknown_scheduler_is_refused():
    with pytest.raises(GraphError, match="unknown scheduler 'sampler'; valid: ddim"):
        runs_of_denoiser(Workload(num_inference_steps=30, scheduler="sampler"))
