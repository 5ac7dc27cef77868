"""Options that say what runs: a workload with its settings, a graph or a trace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tracer.options import WHAT_RUNS

__all__ = [
    "Dtype",
    "From",
    "GraphFile",
    "TraceFile",
    "Variant",
]

GraphFile = Annotated[
    Path | None,
    typer.Option(
        "--graph",
        help="Graph file written by `trace`, instead of --model; with --trace, shapes for one that has none.",
        rich_help_panel=WHAT_RUNS,
    ),
]
Variant = Annotated[
    str | None,
    typer.Option(
        help="How an implementation runs the workload, where that is not as published: nemo of imagen.",
        rich_help_panel=WHAT_RUNS,
    ),
]
TraceFile = Annotated[
    Path | None,
    typer.Option(
        "--trace",
        help="Trace of any known format: project its times to --hw, instead of --model.",
        rich_help_panel=WHAT_RUNS,
    ),
]
From = Annotated[
    str | None,
    typer.Option(
        "--from", help="Accelerator that the trace ran on; the one it names by default.", rich_help_panel=WHAT_RUNS
    ),
]
Dtype = Annotated[
    str | None,
    typer.Option(
        help="Dtype of weights and activations: fp16, bf16, fp32; auto: that of the workload, or the nearest to it "
        "that the accelerator has.",
        rich_help_panel=WHAT_RUNS,
    ),
]
