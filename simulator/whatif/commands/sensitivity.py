"""Command ``whatif sensitivity``: what each field of an accelerator is worth to a workload."""

from __future__ import annotations

import json

from simulator import options
from simulator.command_options import Format, Output, check_format
from simulator.views.figures import check_suffix
from simulator.views.terminal import captured, emit, remark

from .options import Plot, chosen_part, settings_of

__all__ = ["sensitivity_command"]


def sensitivity_command(
    model: options.Model = None,
    hw: options.Hardware = None,
    change: options.Changes = None,
    execution: options.ExecutionMode = "eager",
    quantize: options.Quantize = "none",
    attention: options.Attention = "flash",
    software: options.SoftwareName = "",
    host: options.HostName = None,
    dtype: options.Dtype = None,
    scheduler: options.SchedulerName = None,
    batch: options.Batch = None,
    height: options.Height = None,
    width: options.Width = None,
    num_frames: options.Frames = None,
    num_inference_steps: options.Steps = None,
    strength: options.Strength = None,
    guidance_scale: options.Guidance = None,
    prompt_length: options.PromptLength = None,
    max_new_tokens: options.NewTokens = None,
    context_length: options.Context = None,
    kv_cache: options.KeyValueCache = None,
    plot: Plot = None,
    output_format: Format = "table",
    output: Output = None,
) -> None:
    """Tell what each field of an accelerator is worth: elasticity, speed-up with twice and half of it.

    The power limit, the host and the latencies within kernels are among the fields. What holds the run back with
    twice the field stands beside it.
    """
    given = {**locals(), "software": software or None}
    from simulator.whatif.sensitivity import sensitivity
    from simulator.whatif.sensitivity_presentation import plot_sensitivity, print_sensitivity

    check_format(output_format)
    if plot is not None:
        check_suffix(plot)
    part = chosen_part(model, hw, change or ())
    settings = settings_of(given)
    found = sensitivity(part.model, part.accelerator, settings=settings, calibrations=part.calibrations)
    if plot is not None:
        plot_sensitivity(found, plot)
    if output_format == "json":
        remark((*found.remarks, *part.remarks))
        emit(json.dumps(found.to_list(), indent=2, allow_nan=False) + "\n", output)
    else:
        emit(captured(lambda console: print_sensitivity(found, console, part.remarks), width=80), output)
