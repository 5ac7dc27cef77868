"""Options that say how a workload is run."""

from __future__ import annotations

from typing import Annotated

import typer

from simulator.cost import FIDELITIES
from simulator.execution import ATTENTION_CHOICES, EXECUTION_MODES, OFFLOADS
from simulator.quantization import UNQUANTIZED, list_schemes
from tracer.graph import KEY_VALUE_CACHES, KEY_VALUE_DTYPES
from tracer.workloads.schedulers import SCHEDULERS

__all__ = [
    "PANEL",
    "Attention",
    "Autocast",
    "ChannelsLast",
    "DecoderDtype",
    "ExecutionMode",
    "FidelityName",
    "KeyValueCache",
    "KeyValueDtype",
    "Lora",
    "Offload",
    "Parallel",
    "Quantize",
    "SchedulerName",
    "Slicing",
    "SoftwareName",
    "StepSkipping",
    "Tiling",
]

#: Group of ``simulate --help``.
PANEL = "How it is run"

StepSkipping = Annotated[
    str | None,
    typer.Option(
        "--step-cache",
        help="Share of the denoiser's runs that skip its transformer blocks: teacache=0.4 compares the first block's "
        "input, first-block=0.4 runs the first block and compares what it adds, 0.4 compares nothing.",
        rich_help_panel=PANEL,
    ),
]
Lora = Annotated[
    str | None,
    typer.Option(
        "--lora",
        help="Rank of an adapter of the denoiser's attention: 16, fused into the weights, or 16,unfused, which "
        "computes it beside every projection.",
        rich_help_panel=PANEL,
    ),
]
DecoderDtype = Annotated[
    str | None,
    typer.Option(
        "--vae-dtype",
        help="Dtype of the autoencoder, weights too: fp32, bf16 or fp16; the pipeline's own by default.",
        rich_help_panel=PANEL,
    ),
]
Tiling = Annotated[
    bool | None,
    typer.Option(
        "--vae-tiling/--no-vae-tiling",
        help="Encode and decode overlapping tiles of a picture and blend them, as diffusers' enable_tiling; a picture "
        "of the size that a model is made for may be one tile.",
        rich_help_panel=PANEL,
    ),
]
Slicing = Annotated[
    bool | None,
    typer.Option(
        "--vae-slicing/--no-vae-slicing",
        help="Encode and decode one output of the batch after another, as diffusers' enable_slicing.",
        rich_help_panel=PANEL,
    ),
]
Autocast = Annotated[
    bool,
    typer.Option(
        "--autocast/--no-autocast",
        help="Run under torch.autocast: products in 16 bits (--dtype fp16 or bf16), norms and softmax in float32.",
        rich_help_panel=PANEL,
    ),
]
MaxAutotune = Annotated[
    bool,
    typer.Option(
        "--max-autotune/--no-max-autotune",
        help="Compile as torch.compile(mode='max-autotune'): products of one row are generated kernels.",
        rich_help_panel=PANEL,
    ),
]
KeyValueCache = Annotated[
    str | None,
    typer.Option(
        "--kv-cache",
        help=f"How keys and values of earlier tokens are kept: one of {', '.join(KEY_VALUE_CACHES)}. static: in room "
        "for all tokens, read as far as it is filled (default); masked: the same, read whole; dynamic: concatenated "
        "(transformers); paged: as serving engines do.",
        rich_help_panel=PANEL,
    ),
]
KeyValueDtype = Annotated[
    str | None,
    typer.Option(
        "--kv-cache-dtype",
        help=f"Format of the cache: auto, that of --dtype (default), or one of {', '.join(KEY_VALUE_DTYPES)}, which a "
        "serving engine's attention reads as it is and all others convert first.",
        rich_help_panel=PANEL,
    ),
]
SchedulerName = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        help=f"How steps are made, where that decides how often the denoiser runs: one of {', '.join(SCHEDULERS)}.",
        rich_help_panel=PANEL,
    ),
]
Parallel = Annotated[
    str | None,
    typer.Option(
        help="Split over devices, as NAME=DEVICES,...: tensor (weights), ulysses and ring (the sequence), pipefusion "
        "(layers, through which patches go one behind the other), cfg (passes of guidance), data (replicas), patch "
        "(rows of the image in the decoder); direct: sums over devices by kernels that read one another's memory, as "
        "of serving engines; library: by NCCL or its like.",
        rich_help_panel=PANEL,
    ),
]
Attention = Annotated[str, typer.Option(help=f"One of {', '.join(ATTENTION_CHOICES)}.", rich_help_panel=PANEL)]
ExecutionMode = Annotated[
    str,
    typer.Option(
        "--execution", "--engine", help=f"What runs it: one of {', '.join(EXECUTION_MODES)}.", rich_help_panel=PANEL
    ),
]
Offload = Annotated[
    str,
    typer.Option(
        help=f"Where weights wait, one of {', '.join(OFFLOADS)}: with the host, moved by whole components, by single "
        "modules, or by those while the one before computes.",
        rich_help_panel=PANEL,
    ),
]
Quantize = Annotated[
    str,
    typer.Option(
        help=f"Scheme of weights and products of linear layers: {UNQUANTIZED}, {', '.join(list_schemes())}, or a YAML "
        "file. Of the component with the most such work, or of those named: fp8-row:transformer,text_encoder; "
        "fp8-row:all.",
        rich_help_panel=PANEL,
    ),
]
ChannelsLast = Annotated[
    bool | None,
    typer.Option(
        "--channels-last/--no-channels-last",
        help="Images and their weights with channels innermost; by default as the workload's authors run it.",
        rich_help_panel=PANEL,
    ),
]
SoftwareName = Annotated[
    str | None,
    typer.Option(
        "--software",
        help="Releases that choose the kernels: torch-2.6, or torch-2.6,rocm-6.3; the newest by default.",
        rich_help_panel=PANEL,
    ),
]
FidelityName = Annotated[str, typer.Option(help=f"One of {', '.join(FIDELITIES)}.", rich_help_panel=PANEL)]
