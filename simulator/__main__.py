"""Command line: ``simulate --hw a100.yaml --model make-a-video``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hw_specs import Accelerator, SpecError, load_accelerator, torch_dtype
from hw_specs.overrides import apply_overrides
from simulator.cost import FIDELITIES, FidelityError, UnsupportedFormatError
from simulator.cost.model import Fidelity
from simulator.execution import ATTENTION_CHOICES, EXECUTION_MODES, Execution, ExecutionError
from simulator.explanation import UnknownKernelError, explain_operator, render_explanations
from simulator.output import OutputError, write_text
from simulator.presentation import FORMATS, print_report, to_csv, to_json
from simulator.report import Report
from simulator.simulation import simulate
from simulator.work import FormulaError, UnsupportedOpError
from tracer.graph import GraphError, OpGraph
from tracer.library import MissingTracerError, graph_of
from tracer.trace import TraceFormatError
from tracer.workloads import UnknownWorkloadError

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["app", "main"]

# What a user can cause; anything else is a defect and keeps its traceback.
USER_ERRORS = (
    ExecutionError,
    FidelityError,
    FormulaError,
    GraphError,
    MissingTracerError,
    OutputError,
    SpecError,
    TraceFormatError,
    UnknownKernelError,
    UnknownWorkloadError,
    UnsupportedFormatError,
    UnsupportedOpError,
)

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


# What typer raises for options that it does not know, or cannot read; it has no public name for it.
_USAGE_ERROR: Any = typer.BadParameter.__mro__[1]


def _choice(name: str, value: str, valid: tuple[str, ...]) -> str:
    if value not in valid:
        raise typer.BadParameter(f"unknown {name} {value!r}; valid: {', '.join(valid)}")
    return value


@app.command()
def command(
    hw: Annotated[
        str | None, typer.Option("--hw", help="Accelerator: a name (see `hwspec list`) or a YAML file.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", help="Workload: a name (see --list) or a diffusers pipeline folder."),
    ] = None,
    graph: Annotated[
        Path | None, typer.Option("--graph", help="Graph file written by `trace`, instead of --model.")
    ] = None,
    trace: Annotated[
        Path | None,
        typer.Option("--trace", help="Measured trace of any known format: project it to --hw, instead of --model."),
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="Accelerator that the trace ran on; the one it names by default.")
    ] = None,
    batch: Annotated[int | None, typer.Option(help="Outputs per run.")] = None,
    height: Annotated[int | None, typer.Option(help="Output height in pixels.")] = None,
    width: Annotated[int | None, typer.Option(help="Output width in pixels.")] = None,
    num_frames: Annotated[int | None, typer.Option(help="Frames of a video.")] = None,
    num_inference_steps: Annotated[int | None, typer.Option(help="Denoising or decoding steps.")] = None,
    guidance_scale: Annotated[float | None, typer.Option(help="Classifier-free guidance; 1 turns it off.")] = None,
    prompt_length: Annotated[int | None, typer.Option(help="Tokens of the prompt.")] = None,
    max_new_tokens: Annotated[int | None, typer.Option(help="Tokens that a language model generates.")] = None,
    dtype: Annotated[str | None, typer.Option(help="Dtype of weights and activations: fp16, bf16, fp32.")] = None,
    attention: Annotated[str, typer.Option(help=f"One of {', '.join(ATTENTION_CHOICES)}.")] = "flash",
    execution: Annotated[str, typer.Option(help=f"One of {', '.join(EXECUTION_MODES)}.")] = "eager",
    fidelity: Annotated[str, typer.Option(help=f"One of {', '.join(FIDELITIES)}.")] = "calibrated",
    change: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change the accelerator: memory.dram.bandwidth=2x. May be repeated."),
    ] = None,
    explain: Annotated[
        str | None,
        typer.Option(help="Show term by term how a kernel's time came about: part of its name, operator or module."),
    ] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="Calibration of a probed machine, beside those of the package.")
    ] = None,
    output_format: Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.")] = "table",
    output: Annotated[Path | None, typer.Option(help="Write to this file instead of the terminal.")] = None,
    list_models: Annotated[bool, typer.Option("--list", help="List the workloads and stop.")] = False,
    cache: Annotated[bool, typer.Option(help="Keep traced graphs for the next run.")] = True,
) -> None:
    """Predict how long a workload takes on an accelerator, and what holds each part back."""
    _choice("format", output_format, FORMATS)
    level = _fidelity(fidelity)
    if list_models:
        from simulator.listing import render_workloads

        _emit(render_workloads(output_format), output)
        return
    if hw is None or sum(given is not None for given in (model, graph, trace)) != 1:
        raise typer.BadParameter("give --hw NAME and one of --model NAME, --graph FILE and --trace FILE (or --list)")
    run = Execution(mode=execution, attention=attention)
    if trace is not None:
        _emit(_projection(trace, _accelerator(hw, change or []), from_, run, output_format), output)
        return
    accelerator = _accelerator(hw, change or [])
    settings = {
        "batch": batch,
        "height": height,
        "width": width,
        "num_frames": num_frames,
        "num_inference_steps": num_inference_steps,
        "guidance_scale": guidance_scale,
        "prompt_length": prompt_length,
        "max_new_tokens": max_new_tokens,
        "dtype": None if dtype is None else torch_dtype(dtype),
    }
    op_graph = _graph(model, graph, settings, use_cache=cache)
    simulation = simulate(op_graph, accelerator, run, fidelity=level)
    if explain is not None:
        _emit(render_explanations(explain_operator(simulation, explain)), output)
        return
    _emit(_rendered(simulation.report, output_format), output)


def _projection(path: Path, target: Accelerator, source: str | None, run: Execution, output_format: str) -> str:
    """Measured trace on another accelerator, as text."""
    from simulator.projection_presentation import render_projection
    from simulator.traced import project_measured
    from tracer.formats import read_trace

    projection = project_measured(read_trace(path), target, load_accelerator(source) if source else None, run)
    if output_format == "json":
        return json.dumps(projection.to_dict(), indent=2) + "\n"
    if output_format == "csv":
        raise typer.BadParameter("a projection has no CSV form; valid: table, json")
    return _captured(lambda console: render_projection(projection, console))


def _fidelity(name: str) -> Fidelity:
    known: dict[str, Fidelity] = {"roofline": "roofline", "calibrated": "calibrated"}
    return known[_choice("fidelity", name, tuple(known))]


def _accelerator(name: str, changes: list[str]) -> Accelerator:
    accelerator = load_accelerator(name)
    return apply_overrides(accelerator, changes) if changes else accelerator


def _graph(model: str | None, graph: Path | None, settings: Mapping[str, object], *, use_cache: bool) -> OpGraph:
    if graph is not None:
        from tracer.graph_file import load_graph

        given = [name for name, value in settings.items() if value is not None]
        if given:
            raise GraphError(f"--{given[0].replace('_', '-')} does not apply to a graph file; trace it again")
        return load_graph(graph)
    if model is None:
        raise typer.BadParameter("give --model NAME or --graph FILE")
    return graph_of(model, settings, use_cache=use_cache, progress=_say)


def _say(stage: str) -> None:
    """Progress for someone who watches; an error stays the only line for a program that reads."""
    if sys.stderr.isatty():
        print(f"tracing {stage} ...", file=sys.stderr)


def _rendered(report: Report, output_format: str) -> str:
    if output_format == "json":
        return to_json(report) + "\n"
    if output_format == "csv":
        return to_csv(report)
    return _captured(lambda console: print_report(report, console))


def _captured(render: Callable[[Console], None]) -> str:
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else 140)
    with console.capture() as capture:
        render(console)
    return capture.get()


def _emit(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        write_text(output, text)


def main() -> None:
    """Entry point: one line and exit status 2 for anything that the user can mend."""
    try:
        status = app(standalone_mode=False)
    except (*USER_ERRORS, _USAGE_ERROR) as error:
        text = error.format_message() if isinstance(error, _USAGE_ERROR) else str(error)
        print(f"simulate: error: {' '.join(text.split())}", file=sys.stderr)
        sys.exit(2)
    except typer.Abort:
        sys.exit(130)
    sys.exit(status if isinstance(status, int) else 0)


if __name__ == "__main__":
    main()
