"""Command ``whatif compare``: models, accelerators and ways to run them side by side."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import Annotated

import typer

from hw_specs.terminal.records import takes
from simulator.command_options import Format, Output, check_format, fidelity_of
from simulator.execution import ATTENTION_CHOICES, EXECUTION_MODES, OFFLOADS
from simulator.options import FidelityName
from simulator.results.files import command_line, require_page, write_page
from simulator.results.options import PageFile
from simulator.views.terminal import captured, emit, remark
from simulator.whatif.setups import AXES, every_setup
from tracer.progress_bar import counts

from .options import unread_of

__all__ = ["CompareOptions", "compare_command"]

Texts = list[str] | None
Integers = list[int] | None


@dataclass(frozen=True, kw_only=True)
class CompareOptions:
    """All that ``whatif compare`` takes."""

    model: Annotated[Texts, typer.Option(help="Workload: a name, or a folder of a model.")] = None
    hw: Annotated[Texts, typer.Option(help="Accelerator: a name (see `hwspec list`) or a YAML file.")] = None
    change: Annotated[
        Texts,
        typer.Option(
            "--set",
            help="Change of the accelerators: memory.dram.bandwidth=2x. Each is a row as it is, and a row "
            "with all changes together.",
        ),
    ] = None
    execution: Annotated[Texts, typer.Option(help=f"One of {', '.join(EXECUTION_MODES)}.")] = None
    attention: Annotated[Texts, typer.Option(help=f"One of {', '.join(ATTENTION_CHOICES)}.")] = None
    offload: Annotated[Texts, typer.Option(help=f"Where weights wait: one of {', '.join(OFFLOADS)}.")] = None
    quantize: Annotated[Texts, typer.Option(help="Scheme of linear layers, see simulate --help.")] = None
    software: Annotated[Texts, typer.Option(help="Releases that choose the kernels: torch-2.6.")] = None
    host: Annotated[Texts, typer.Option(help="Host that drives the accelerator: a name or a YAML file.")] = None
    parallel: Annotated[
        Texts, typer.Option(help="Split over devices: ulysses=4,cfg=2 (see `simulate --help`); 1: one device.")
    ] = None
    dtype: Annotated[Texts, typer.Option(help="Dtype of weights and activations: fp16, bf16, fp32, auto.")] = None
    scheduler: Annotated[Texts, typer.Option(help="Scheduler of the denoising steps.")] = None
    autocast: Annotated[Texts, typer.Option(help="Whether it runs under torch.autocast: yes or no.")] = None
    step_cache: Annotated[Texts, typer.Option(help="Share of steps that skip the blocks: teacache=0.4.")] = None
    lora: Annotated[Texts, typer.Option(help="Rank of an adapter: 16, or 16,unfused.")] = None
    vae_dtype: Annotated[Texts, typer.Option(help="Dtype of the autoencoder: fp16, bf16, fp32.")] = None
    vae_tiling: Annotated[Texts, typer.Option(help="Whether the autoencoder works on tiles: yes or no.")] = None
    vae_slicing: Annotated[Texts, typer.Option(help="Whether it takes one output at a time: yes or no.")] = None
    batch: Annotated[Integers, typer.Option(help="Outputs per run.")] = None
    height: Annotated[Integers, typer.Option(help="Output height in pixels.")] = None
    width: Annotated[Integers, typer.Option(help="Output width in pixels.")] = None
    num_frames: Annotated[Integers, typer.Option(help="Frames of a video.")] = None
    num_inference_steps: Annotated[Integers, typer.Option(help="Denoising or decoding steps.")] = None
    strength: Annotated[list[float] | None, typer.Option(help="Share of the steps that are made of an image.")] = None
    guidance_scale: Annotated[list[float] | None, typer.Option(help="Classifier-free guidance; 1: off.")] = None
    prompt_length: Annotated[Integers, typer.Option(help="Tokens of the prompt.")] = None
    max_new_tokens: Annotated[Integers, typer.Option(help="Tokens that a language model generates.")] = None
    context_length: Annotated[Integers, typer.Option(help="Tokens in the cache before the prompt comes.")] = None
    kv_cache: Annotated[Texts, typer.Option("--kv-cache", help="How keys and values of earlier tokens are kept.")] = (
        None
    )
    kv_cache_dtype: Annotated[Texts, typer.Option(help="Format in which they are kept: auto, fp8, int8.")] = None
    fidelity: FidelityName = "calibrated"
    report: PageFile = None
    output_format: Format = "table"
    output: Output = None


@takes(CompareOptions)
def compare_command(given: CompareOptions) -> None:
    """Set models, accelerators and ways to run them side by side.

    Every option may be repeated, and every combination of what is given is a row: first by --model, then by --hw,
    then by the others. Speed-ups are over the first row (of its model, in the table).
    """
    from simulator.whatif.compare import compare_setups
    from simulator.whatif.compare_presentation import print_side_by_side

    check_format(given.output_format)
    require_page(given.report)
    level = fidelity_of(given.fidelity)
    if not given.model or not given.hw:
        raise typer.BadParameter("give --model NAME and --hw NAME, each once at least")
    idle = [line for name in given.hw for line in unread_of(name, given.change or ())]
    setups = every_setup(given.model, given.hw, given.change or (), {name: getattr(given, name) or () for name in AXES})
    with counts() as advance:
        done = itertools.count()
        found = compare_setups(setups, fidelity=level, progress=lambda what: advance(what, next(done), len(setups)))
    if given.report is not None:
        from simulator.whatif.pages import compare_page

        origins = [(setup.accelerator, setup.calibrations) for setup in setups]
        write_page(compare_page(found, idle, command_line(), origins), given.report)
    if given.output_format == "json":
        remark((*found.remarks, *idle))
        emit(json.dumps(found.to_list(), indent=2, allow_nan=False) + "\n", given.output)
    else:
        emit(captured(lambda console: print_side_by_side(found, console, idle), width=80), given.output)
