"""Options that say how a workload is run."""

from __future__ import annotations

from typing import Annotated

import typer

from simulator.cost import FIDELITIES
from simulator.execution import ATTENTION_CHOICES, EXECUTION_MODES, OFFLOADS
from simulator.quantization import UNQUANTIZED, list_schemes
from tracer.options import HOW_IT_RUNS

__all__ = [
    "Attention",
    "Autocast",
    "ChannelsLast",
    "ExecutionMode",
    "FidelityName",
    "Offload",
    "Parallel",
    "Quantize",
    "SoftwareName",
]

Autocast = Annotated[
    bool,
    typer.Option(
        "--autocast/--no-autocast",
        help="Run under torch.autocast: products in 16 bits (--dtype fp16 or bf16), norms and softmax in float32.",
        rich_help_panel=HOW_IT_RUNS,
    ),
]
MaxAutotune = Annotated[
    bool,
    typer.Option(
        "--max-autotune/--no-max-autotune",
        help="Compile as torch.compile(mode='max-autotune'): products of one row are generated kernels.",
        rich_help_panel=HOW_IT_RUNS,
    ),
]
Parallel = Annotated[
    str | None,
    typer.Option(
        help="Split over devices, as NAME=DEVICES,...: tensor (weights), ulysses and ring (the sequence), pipefusion "
        "(layers, through which patches go one behind the other), cfg (passes of guidance), data (replicas), patch "
        "(rows of the image in the decoder); direct: sums over devices by kernels that read one another's memory, as "
        "of serving engines; library: by NCCL or its like.",
        rich_help_panel=HOW_IT_RUNS,
    ),
]
Attention = Annotated[str, typer.Option(help=f"One of {', '.join(ATTENTION_CHOICES)}.", rich_help_panel=HOW_IT_RUNS)]
ExecutionMode = Annotated[
    str,
    typer.Option(
        "--execution",
        "--engine",
        help=f"What runs it: one of {', '.join(EXECUTION_MODES)}.",
        rich_help_panel=HOW_IT_RUNS,
    ),
]
Offload = Annotated[
    str,
    typer.Option(
        help=f"Where weights wait, one of {', '.join(OFFLOADS)}: with the host, moved by whole components, by single "
        "modules, or by those while the one before computes.",
        rich_help_panel=HOW_IT_RUNS,
    ),
]
Quantize = Annotated[
    str,
    typer.Option(
        help=f"Scheme of weights and products of linear layers: {UNQUANTIZED}, {', '.join(list_schemes())}, or a YAML "
        "file. Of the component with the most such work, or of those named: fp8-row:transformer,text_encoder; "
        "fp8-row:all.",
        rich_help_panel=HOW_IT_RUNS,
    ),
]
ChannelsLast = Annotated[
    bool | None,
    typer.Option(
        "--channels-last/--no-channels-last",
        help="Images and their weights with channels innermost; by default as the workload's authors run it.",
        rich_help_panel=HOW_IT_RUNS,
    ),
]
SoftwareName = Annotated[
    str | None,
    typer.Option(
        "--software",
        help="Releases that choose the kernels: torch-2.6, or torch-2.6,rocm-6.3; the newest by default.",
        rich_help_panel=HOW_IT_RUNS,
    ),
]
FidelityName = Annotated[str, typer.Option(help=f"One of {', '.join(FIDELITIES)}.", rich_help_panel=HOW_IT_RUNS)]
