"""Schedulers of denoising: how often each runs the denoiser for a number of steps.

Counted as diffusers' ``set_timesteps`` makes time steps, of which each is one run of the denoiser (both guidance passes
included). Their own arithmetic on latents is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from hw_specs.terminal.meanings import unknown
from tracer.graph import GraphError, Workload

__all__ = ["SCHEDULERS", "runs_of_denoiser", "without_scheduler"]


def _once(steps: int) -> int:
    return steps


def _once_more(steps: int) -> int:
    """Fourth-order multistep method that starts with a step of second order (PNDM without Runge-Kutta steps, PLMS)."""
    return steps + 1


def _twice(steps: int) -> int:
    """Second-order method: every step but the last predicts and corrects."""
    return 2 * steps - 1


SCHEDULERS: Mapping[str, Callable[[int], int]] = MappingProxyType(
    {
        **dict.fromkeys(
            ("ddim", "ddpm", "euler", "euler-ancestral", "lms", "dpm++2m", "dpm++2m-sde", "deis", "unipc"), _once
        ),
        **dict.fromkeys(("lcm", "tcd", "flow-match-euler"), _once),
        "pndm": _once_more,  # PNDMScheduler with skip_prk_steps, as Stable Diffusion has it; PLMSSampler of CompVis
        **dict.fromkeys(("heun", "dpm2", "dpm2-ancestral", "dpm++sde", "flow-match-heun"), _twice),
    }
)
"""Runs of the denoiser for a number of steps, by the name of a scheduler."""


def runs_of_denoiser(workload: Workload) -> int | None:
    """How often the denoiser runs for the steps of a workload; None where there are no steps.

    Raises
    ------
    GraphError
        No such scheduler.
    """
    steps, name = workload.num_inference_steps, workload.scheduler
    if name is not None and name not in SCHEDULERS:
        raise GraphError(unknown("scheduler", name, SCHEDULERS))
    return steps if steps is None or name is None else SCHEDULERS[name](steps)


def without_scheduler(workload: Workload) -> Workload:
    """The same runs of the denoiser as steps of one run each: what is traced."""
    return replace(workload, num_inference_steps=runs_of_denoiser(workload), scheduler=None)
