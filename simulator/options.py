"""Options of ``simulate``: the type of each, with what ``--help`` says of it, and the record that a command gets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tracer.command_line import VersionOption
from tracer.graph import KEY_VALUE_CACHES, KEY_VALUE_DTYPES
from tracer.workloads.schedulers import SCHEDULERS

from .cost import FIDELITIES
from .execution import ATTENTION_CHOICES, EXECUTION_MODES, OFFLOADS
from .hosts.catalogue import DEFAULT_HOST, list_hosts
from .quantization import UNQUANTIZED, list_schemes
from .reference import SETTINGS
from .results.options import ChakraFile, ChromeTraceFile, PlotFiles, ReportFile
from .views.report import FORMATS

__all__ = [
    "Attention",
    "Autocast",
    "Batch",
    "Cache",
    "CalibrationFile",
    "Changes",
    "ChannelsLast",
    "Context",
    "DecoderDtype",
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
    "KeyValueCache",
    "ListModels",
    "Lora",
    "Model",
    "MustFit",
    "NewTokens",
    "Offload",
    "OutputFile",
    "OutputFormat",
    "Parallel",
    "PromptLength",
    "Quantize",
    "RunOptions",
    "SchedulerName",
    "SimulateOptions",
    "Slicing",
    "SoftwareName",
    "StepSkipping",
    "Steps",
    "Strength",
    "Strict",
    "Tiling",
    "TraceFile",
    "Variant",
    "Versus",
    "Width",
]

# Groups of ``--help``.
_WORKLOAD = "What runs"
_RUN = "How it is run"
_MACHINE = "Where it runs"
_RESULT = "What is printed"

Hardware = Annotated[
    str | None,
    typer.Option("--hw", help="Accelerator: a name (see `hwspec list`) or a YAML file.", rich_help_panel=_MACHINE),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="Workload: a name (see --list), or a folder of a diffusers pipeline or of a language model (config.json).",
        rich_help_panel=_WORKLOAD,
    ),
]
GraphFile = Annotated[
    Path | None,
    typer.Option(
        "--graph",
        help="Graph file written by `trace`, instead of --model; with --trace, shapes for one that has none.",
        rich_help_panel=_WORKLOAD,
    ),
]
Variant = Annotated[
    str | None,
    typer.Option(
        help="How an implementation runs the workload, where that is not as published: nemo of imagen.",
        rich_help_panel=_WORKLOAD,
    ),
]
TraceFile = Annotated[
    Path | None,
    typer.Option(
        "--trace",
        help="Trace of any known format: project its times to --hw, instead of --model.",
        rich_help_panel=_WORKLOAD,
    ),
]
From = Annotated[
    str | None,
    typer.Option(
        "--from", help="Accelerator that the trace ran on; the one it names by default.", rich_help_panel=_WORKLOAD
    ),
]
Batch = Annotated[int | None, typer.Option(help="Outputs per run.", rich_help_panel=_WORKLOAD)]
Height = Annotated[int | None, typer.Option(help="Output height in pixels.", rich_help_panel=_WORKLOAD)]
Width = Annotated[int | None, typer.Option(help="Output width in pixels.", rich_help_panel=_WORKLOAD)]
Frames = Annotated[int | None, typer.Option(help="Frames of a video.", rich_help_panel=_WORKLOAD)]
Steps = Annotated[int | None, typer.Option(help="Denoising or decoding steps.", rich_help_panel=_WORKLOAD)]
Strength = Annotated[
    float | None,
    typer.Option(
        help="Of pipelines that start from an image: share of the steps that are made of it.", rich_help_panel=_WORKLOAD
    ),
]
Guidance = Annotated[
    float | None, typer.Option(help="Classifier-free guidance; 1 turns it off.", rich_help_panel=_WORKLOAD)
]
PromptLength = Annotated[int | None, typer.Option(help="Tokens of the prompt.", rich_help_panel=_WORKLOAD)]
NewTokens = Annotated[
    int | None, typer.Option(help="Tokens that a language model generates.", rich_help_panel=_WORKLOAD)
]
Context = Annotated[
    int | None,
    typer.Option(help="Tokens in a language model's cache before the prompt comes.", rich_help_panel=_WORKLOAD),
]
StepSkipping = Annotated[
    str | None,
    typer.Option(
        "--step-cache",
        help="Share of the denoiser's runs that skip its transformer blocks: teacache=0.4 compares the first block's "
        "input, first-block=0.4 runs the first block and compares what it adds, 0.4 compares nothing.",
        rich_help_panel=_RUN,
    ),
]
Lora = Annotated[
    str | None,
    typer.Option(
        "--lora",
        help="Rank of an adapter of the denoiser's attention: 16, fused into the weights, or 16,unfused, which "
        "computes it beside every projection.",
        rich_help_panel=_RUN,
    ),
]
DecoderDtype = Annotated[
    str | None,
    typer.Option(
        "--vae-dtype",
        help="Dtype of the autoencoder, weights too: fp32, bf16 or fp16; the pipeline's own by default.",
        rich_help_panel=_RUN,
    ),
]
Tiling = Annotated[
    bool | None,
    typer.Option(
        "--vae-tiling/--no-vae-tiling",
        help="Encode and decode overlapping tiles of a picture and blend them, as diffusers' enable_tiling; a picture "
        "of the size that a model is made for may be one tile.",
        rich_help_panel=_RUN,
    ),
]
Slicing = Annotated[
    bool | None,
    typer.Option(
        "--vae-slicing/--no-vae-slicing",
        help="Encode and decode one output of the batch after another, as diffusers' enable_slicing.",
        rich_help_panel=_RUN,
    ),
]
Autocast = Annotated[
    bool,
    typer.Option(
        "--autocast/--no-autocast",
        help="Run under torch.autocast: products in 16 bits (--dtype fp16 or bf16), norms and softmax in float32.",
        rich_help_panel=_RUN,
    ),
]
KeyValueCache = Annotated[
    str | None,
    typer.Option(
        "--kv-cache",
        help=f"How keys and values of earlier tokens are kept: one of {', '.join(KEY_VALUE_CACHES)}. static: in room "
        "for all tokens, read as far as it is filled (default); masked: the same, read whole; dynamic: concatenated "
        "(transformers); paged: as serving engines do.",
        rich_help_panel=_RUN,
    ),
]
KeyValueDtype = Annotated[
    str | None,
    typer.Option(
        "--kv-cache-dtype",
        help=f"Format of the cache: auto, that of --dtype (default), or one of {', '.join(KEY_VALUE_DTYPES)}, which a "
        "serving engine's attention reads as it is and all others convert first.",
        rich_help_panel=_RUN,
    ),
]
Dtype = Annotated[
    str | None,
    typer.Option(
        help="Dtype of weights and activations: fp16, bf16, fp32; auto: that of the workload, or the nearest to it "
        "that the accelerator has.",
        rich_help_panel=_WORKLOAD,
    ),
]
SchedulerName = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        help=f"How steps are made, where that decides how often the denoiser runs: one of {', '.join(SCHEDULERS)}.",
        rich_help_panel=_RUN,
    ),
]
Parallel = Annotated[
    str | None,
    typer.Option(
        help="Split over devices, as NAME=DEVICES,...: tensor (weights), ulysses and ring (the sequence), pipefusion "
        "(layers, through which patches go one behind the other), cfg (passes of guidance), data (replicas), patch "
        "(rows of the image in the decoder).",
        rich_help_panel=_RUN,
    ),
]
Attention = Annotated[str, typer.Option(help=f"One of {', '.join(ATTENTION_CHOICES)}.", rich_help_panel=_RUN)]
ExecutionMode = Annotated[
    str,
    typer.Option(
        "--execution", "--engine", help=f"What runs it: one of {', '.join(EXECUTION_MODES)}.", rich_help_panel=_RUN
    ),
]
Offload = Annotated[
    str,
    typer.Option(
        help=f"Where weights wait, one of {', '.join(OFFLOADS)}: with the host, moved by whole components, by single "
        "modules, or by those while the one before computes.",
        rich_help_panel=_RUN,
    ),
]
Quantize = Annotated[
    str,
    typer.Option(
        help=f"Scheme of weights and products of linear layers: {UNQUANTIZED}, {', '.join(list_schemes())}, or a YAML "
        "file. Of the component with the most such work, or of those named: fp8-row:transformer,text_encoder; "
        "fp8-row:all.",
        rich_help_panel=_RUN,
    ),
]
ChannelsLast = Annotated[
    bool | None,
    typer.Option(
        "--channels-last/--no-channels-last",
        help="Images and their weights with channels innermost; by default as the workload's authors run it.",
        rich_help_panel=_RUN,
    ),
]
SoftwareName = Annotated[
    str | None,
    typer.Option(
        "--software",
        help="Releases that choose the kernels: torch-2.6, or torch-2.6,rocm-6.3; the newest by default.",
        rich_help_panel=_RUN,
    ),
]
HostName = Annotated[
    str | None,
    typer.Option(
        "--host",
        help=f"Host that drives the accelerator: one of {', '.join(list_hosts())}, or a YAML file; "
        f"{DEFAULT_HOST} unless one was probed.",
        rich_help_panel=_MACHINE,
    ),
]
FidelityName = Annotated[str, typer.Option(help=f"One of {', '.join(FIDELITIES)}.", rich_help_panel=_RUN)]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="Change the accelerator: memory.dram.bandwidth=2x. May be repeated.", rich_help_panel=_MACHINE
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Refuse an accelerator with a number a thousand times beyond those of any known part, instead of a "
        "warning.",
        rich_help_panel=_MACHINE,
    ),
]
Versus = Annotated[
    list[str] | None,
    typer.Option(
        "--versus",
        help="Compare with the same run on another accelerator (its name), or with attention=naive, batch=4 and the "
        "like changed: speed-up and its interval. May be repeated.",
        rich_help_panel=_RESULT,
    ),
]
Explained = Annotated[
    str | None,
    typer.Option(
        help="Show term by term how a kernel's time came about: part of its name, operator or module.",
        rich_help_panel=_RESULT,
    ),
]
CalibrationFile = Annotated[
    Path | None,
    typer.Option(
        help="Calibration of a probed machine; by default the one beside its specification.", rich_help_panel=_MACHINE
    ),
]
MustFit = Annotated[
    bool,
    typer.Option("--must-fit", help="Exit with status 1 where the memory does not hold it.", rich_help_panel=_RESULT),
]
OutputFormat = Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.", rich_help_panel=_RESULT)]
OutputFile = Annotated[
    Path | None, typer.Option(help="Write to this file instead of the terminal.", rich_help_panel=_RESULT)
]
ListModels = Annotated[bool, typer.Option("--list", help="List the workloads and stop.", rich_help_panel=_RESULT)]
Cache = Annotated[bool, typer.Option(help="Keep traced graphs for the next run.", rich_help_panel=_RESULT)]


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """A workload, how it is run and where. Settings of the workload that are None are its own."""

    model: Model = None
    batch: Batch = None
    height: Height = None
    width: Width = None
    num_frames: Frames = None
    num_inference_steps: Steps = None
    strength: Strength = None
    guidance_scale: Guidance = None
    prompt_length: PromptLength = None
    max_new_tokens: NewTokens = None
    context_length: Context = None
    dtype: Dtype = None
    kv_cache: KeyValueCache = None
    kv_cache_dtype: KeyValueDtype = None
    scheduler: SchedulerName = None
    step_cache: StepSkipping = None
    lora: Lora = None
    vae_dtype: DecoderDtype = None
    vae_tiling: Tiling = None
    vae_slicing: Slicing = None
    attention: Attention = "flash"
    execution: ExecutionMode = "eager"
    autocast: Autocast = False
    quantize: Quantize = "none"
    software: SoftwareName = None
    hw: Hardware = None
    host: HostName = None
    change: Changes = None

    def settings(self) -> dict[str, object]:
        """Settings of the workload by name."""
        return {name: getattr(self, name) for name in SETTINGS}


@dataclass(frozen=True, kw_only=True)
class SimulateOptions(RunOptions):
    """All that ``simulate`` takes."""

    variant: Variant = None
    graph: GraphFile = None
    trace: TraceFile = None
    from_: From = None
    offload: Offload = "none"
    channels_last: ChannelsLast = None
    parallel: Parallel = None
    fidelity: FidelityName = "calibrated"
    versus: Versus = None
    explain: Explained = None
    calibration: CalibrationFile = None
    strict: Strict = False
    must_fit: MustFit = False
    report: ReportFile = None
    plot: PlotFiles = None
    chrome_trace: ChromeTraceFile = None
    chakra: ChakraFile = None
    output_format: OutputFormat = "table"
    output: OutputFile = None
    list_models: ListModels = False
    cache: Cache = True
    version: VersionOption = False
