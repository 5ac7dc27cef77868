"""Options that say what runs: a workload with its settings, a graph or a trace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "PANEL",
    "Batch",
    "Context",
    "Dtype",
    "Frames",
    "From",
    "GraphFile",
    "Guidance",
    "Height",
    "Model",
    "NewTokens",
    "PromptLength",
    "Steps",
    "Strength",
    "TraceFile",
    "Variant",
    "Width",
]

#: Group of ``simulate --help``.
PANEL = "What runs"

Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="Workload: a name (see --list), or a folder of a diffusers pipeline or of a language model (config.json).",
        rich_help_panel=PANEL,
    ),
]
GraphFile = Annotated[
    Path | None,
    typer.Option(
        "--graph",
        help="Graph file written by `trace`, instead of --model; with --trace, shapes for one that has none.",
        rich_help_panel=PANEL,
    ),
]
Variant = Annotated[
    str | None,
    typer.Option(
        help="How an implementation runs the workload, where that is not as published: nemo of imagen.",
        rich_help_panel=PANEL,
    ),
]
TraceFile = Annotated[
    Path | None,
    typer.Option(
        "--trace",
        help="Trace of any known format: project its times to --hw, instead of --model.",
        rich_help_panel=PANEL,
    ),
]
From = Annotated[
    str | None,
    typer.Option(
        "--from", help="Accelerator that the trace ran on; the one it names by default.", rich_help_panel=PANEL
    ),
]
Batch = Annotated[int | None, typer.Option(help="Outputs per run.", rich_help_panel=PANEL)]
Height = Annotated[int | None, typer.Option(help="Output height in pixels.", rich_help_panel=PANEL)]
Width = Annotated[int | None, typer.Option(help="Output width in pixels.", rich_help_panel=PANEL)]
Frames = Annotated[int | None, typer.Option(help="Frames of a video.", rich_help_panel=PANEL)]
Steps = Annotated[int | None, typer.Option(help="Denoising or decoding steps.", rich_help_panel=PANEL)]
Strength = Annotated[
    float | None,
    typer.Option(
        help="Of pipelines that start from an image: share of the steps that are made of it.", rich_help_panel=PANEL
    ),
]
Guidance = Annotated[
    float | None, typer.Option(help="Classifier-free guidance; 1 turns it off.", rich_help_panel=PANEL)
]
PromptLength = Annotated[int | None, typer.Option(help="Tokens of the prompt.", rich_help_panel=PANEL)]
NewTokens = Annotated[int | None, typer.Option(help="Tokens that a language model generates.", rich_help_panel=PANEL)]
Context = Annotated[
    int | None,
    typer.Option(help="Tokens in a language model's cache before the prompt comes.", rich_help_panel=PANEL),
]
Dtype = Annotated[
    str | None,
    typer.Option(
        help="Dtype of weights and activations: fp16, bf16, fp32; auto: that of the workload, or the nearest to it "
        "that the accelerator has.",
        rich_help_panel=PANEL,
    ),
]
