"""Options of ``simulate``: types of the command's parameters, with what ``--help`` says of each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tracer.workloads.schedulers import SCHEDULERS

from .cost import FIDELITIES
from .execution import ATTENTION_CHOICES, EXECUTION_MODES
from .hosts.catalogue import DEFAULT_HOST, list_hosts
from .views.report import FORMATS

__all__ = [
    "Attention",
    "Batch",
    "Cache",
    "CalibrationFile",
    "Changes",
    "Dtype",
    "ExecutionMode",
    "Explained",
    "FidelityName",
    "Frames",
    "From",
    "GraphFile",
    "Guidance",
    "Hardware",
    "Height",
    "HostName",
    "ListModels",
    "Model",
    "NewTokens",
    "OutputFile",
    "OutputFormat",
    "PromptLength",
    "SchedulerName",
    "SoftwareName",
    "Steps",
    "TraceFile",
    "Versus",
    "Width",
]

Hardware = Annotated[str | None, typer.Option("--hw", help="Accelerator: a name (see `hwspec list`) or a YAML file.")]
Model = Annotated[
    str | None, typer.Option("--model", help="Workload: a name (see --list) or a diffusers pipeline folder.")
]
GraphFile = Annotated[Path | None, typer.Option("--graph", help="Graph file written by `trace`, instead of --model.")]
TraceFile = Annotated[
    Path | None,
    typer.Option("--trace", help="Trace of any known format: project its times to --hw, instead of --model."),
]
From = Annotated[
    str | None, typer.Option("--from", help="Accelerator that the trace ran on; the one it names by default.")
]
Batch = Annotated[int | None, typer.Option(help="Outputs per run.")]
Height = Annotated[int | None, typer.Option(help="Output height in pixels.")]
Width = Annotated[int | None, typer.Option(help="Output width in pixels.")]
Frames = Annotated[int | None, typer.Option(help="Frames of a video.")]
Steps = Annotated[int | None, typer.Option(help="Denoising or decoding steps.")]
Guidance = Annotated[float | None, typer.Option(help="Classifier-free guidance; 1 turns it off.")]
PromptLength = Annotated[int | None, typer.Option(help="Tokens of the prompt.")]
NewTokens = Annotated[int | None, typer.Option(help="Tokens that a language model generates.")]
Dtype = Annotated[
    str | None,
    typer.Option(
        help="Dtype of weights and activations: fp16, bf16, fp32; auto: that of the workload, or the nearest to it "
        "that the accelerator has."
    ),
]
SchedulerName = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        help=f"How steps are made, where that decides how often the denoiser runs: one of {', '.join(SCHEDULERS)}.",
    ),
]
Attention = Annotated[str, typer.Option(help=f"One of {', '.join(ATTENTION_CHOICES)}.")]
ExecutionMode = Annotated[str, typer.Option(help=f"One of {', '.join(EXECUTION_MODES)}.")]
SoftwareName = Annotated[
    str,
    typer.Option(
        "--software", help="Releases that choose the kernels: torch-2.6, or torch-2.6,rocm-6.3; the newest by default."
    ),
]
HostName = Annotated[
    str | None,
    typer.Option(
        "--host",
        help=f"Host that drives the accelerator: one of {', '.join(list_hosts())}, or a YAML file; "
        f"{DEFAULT_HOST} unless one was probed.",
    ),
]
FidelityName = Annotated[str, typer.Option(help=f"One of {', '.join(FIDELITIES)}.")]
Changes = Annotated[
    list[str] | None, typer.Option("--set", help="Change the accelerator: memory.dram.bandwidth=2x. May be repeated.")
]
Versus = Annotated[
    list[str] | None,
    typer.Option(
        "--versus",
        help="Compare with the same run on another accelerator (its name), or with attention=naive, batch=4 and the "
        "like changed: speed-up and its interval. May be repeated.",
    ),
]
Explained = Annotated[
    str | None,
    typer.Option(help="Show term by term how a kernel's time came about: part of its name, operator or module."),
]
CalibrationFile = Annotated[
    Path | None, typer.Option(help="Calibration of a probed machine; by default the one beside its specification.")
]
OutputFormat = Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.")]
OutputFile = Annotated[Path | None, typer.Option(help="Write to this file instead of the terminal.")]
ListModels = Annotated[bool, typer.Option("--list", help="List the workloads and stop.")]
Cache = Annotated[bool, typer.Option(help="Keep traced graphs for the next run.")]
