"""Options that are settings of a workload, of every command that traces or predicts one."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated

import typer

from .graph import KEY_VALUE_CACHES, KEY_VALUE_DTYPES
from .workloads.schedulers import SCHEDULERS

__all__ = ["HOW_IT_RUNS", "WHAT_RUNS", "WorkloadOptions"]

#: Groups of ``--help``.
HOW_IT_RUNS, WHAT_RUNS = "How it is run", "What runs"

Model = Annotated[
    str | None,
    typer.Option(
        help="Workload: a name (see simulate --list), or a folder of a diffusers pipeline or of a language model "
        "(config.json).",
        rich_help_panel=WHAT_RUNS,
    ),
]
Batch = Annotated[int | None, typer.Option(help="Outputs per run.", rich_help_panel=WHAT_RUNS)]
Height = Annotated[int | None, typer.Option(help="Output height in pixels.", rich_help_panel=WHAT_RUNS)]
Width = Annotated[int | None, typer.Option(help="Output width in pixels.", rich_help_panel=WHAT_RUNS)]
Frames = Annotated[int | None, typer.Option(help="Frames of a video.", rich_help_panel=WHAT_RUNS)]
Steps = Annotated[int | None, typer.Option(help="Denoising or decoding steps.", rich_help_panel=WHAT_RUNS)]
Strength = Annotated[
    float | None,
    typer.Option(
        help="Of pipelines that start from an image: share of the steps that are made of it.",
        rich_help_panel=WHAT_RUNS,
    ),
]
Guidance = Annotated[
    float | None, typer.Option(help="Classifier-free guidance; 1 turns it off.", rich_help_panel=WHAT_RUNS)
]
PromptLength = Annotated[int | None, typer.Option(help="Tokens of the prompt.", rich_help_panel=WHAT_RUNS)]
NewTokens = Annotated[
    int | None, typer.Option(help="Tokens that a language model generates.", rich_help_panel=WHAT_RUNS)
]
Context = Annotated[
    int | None,
    typer.Option(help="Tokens in a language model's cache before the prompt comes.", rich_help_panel=WHAT_RUNS),
]
Dtype = Annotated[
    str | None,
    typer.Option(help="Dtype of weights and activations: fp16, bf16 or fp32.", rich_help_panel=WHAT_RUNS),
]
StepSkipping = Annotated[
    str | None,
    typer.Option(
        "--step-cache",
        help="Share of the denoiser's runs that skip its transformer blocks: teacache=0.4 compares the first block's "
        "input, first-block=0.4 runs the first block and compares what it adds, 0.4 compares nothing.",
        rich_help_panel=HOW_IT_RUNS,
    ),
]
Lora = Annotated[
    str | None,
    typer.Option(
        "--lora",
        help="Rank of an adapter of the denoiser's attention: 16, fused into the weights, or 16,unfused, which "
        "computes it beside every projection.",
        rich_help_panel=HOW_IT_RUNS,
    ),
]
DecoderDtype = Annotated[
    str | None,
    typer.Option(
        "--vae-dtype",
        help="Dtype of the autoencoder, weights too: fp32, bf16 or fp16; the pipeline's own by default.",
        rich_help_panel=HOW_IT_RUNS,
    ),
]
Tiling = Annotated[
    bool | None,
    typer.Option(
        "--vae-tiling/--no-vae-tiling",
        help="Encode and decode overlapping tiles of a picture and blend them, as diffusers' enable_tiling; a picture "
        "of the size that a model is made for may be one tile.",
        rich_help_panel=HOW_IT_RUNS,
    ),
]
Slicing = Annotated[
    bool | None,
    typer.Option(
        "--vae-slicing/--no-vae-slicing",
        help="Encode and decode one output of the batch after another, as diffusers' enable_slicing.",
        rich_help_panel=HOW_IT_RUNS,
    ),
]
KeyValueCache = Annotated[
    str | None,
    typer.Option(
        "--kv-cache",
        help=f"How keys and values of earlier tokens are kept: one of {', '.join(KEY_VALUE_CACHES)}. static: in room "
        "for all tokens, read as far as it is filled (default); masked: the same, read whole; dynamic: concatenated "
        "(transformers); paged: as serving engines do.",
        rich_help_panel=HOW_IT_RUNS,
    ),
]
KeyValueDtype = Annotated[
    str | None,
    typer.Option(
        "--kv-cache-dtype",
        help=f"Format of the cache: auto, that of --dtype (default), or one of {', '.join(KEY_VALUE_DTYPES)}, which a "
        "serving engine's attention reads as it is and all others convert first.",
        rich_help_panel=HOW_IT_RUNS,
    ),
]
SchedulerName = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        help=f"How steps are made, where that decides how often the denoiser runs: one of {', '.join(SCHEDULERS)}.",
        rich_help_panel=HOW_IT_RUNS,
    ),
]


@dataclass(frozen=True, kw_only=True)
class WorkloadOptions:
    """A workload, and settings of it, which are its own where they are None."""

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

    def settings(self) -> dict[str, object]:
        """Settings by name."""
        return {field.name: getattr(self, field.name) for field in fields(WorkloadOptions) if field.name != "model"}
