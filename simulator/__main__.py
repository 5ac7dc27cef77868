"""Command line: ``simulate --hw a100.yaml --model make-a-video``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hw_specs import Accelerator, CalibrationPool, SpecError, load_accelerator, torch_dtype
from hw_specs.overrides import apply_overrides
from simulator.cost.model import Fidelity
from simulator.views.explanation import UnknownKernelError, explain_operator, render_explanations
from simulator.views.output import OutputError, write_text
from simulator.views.report import FORMATS, print_report, to_csv, to_json
from tracer.command_line import VersionOption, run_command_line
from tracer.graph import GraphError, OpGraph
from tracer.storage.library import MissingTracerError, graph_of
from tracer.trace import TraceFormatError
from tracer.workloads import UnknownWorkloadError

from .calibrations import calibration_pool
from .cost import FIDELITIES, FidelityError, ParameterError, UnsupportedFormatError
from .execution import ATTENTION_CHOICES, EXECUTION_MODES, Execution, ExecutionError
from .report import Report
from .simulation import Simulation, simulate
from .work import FormulaError, UnsupportedOpError

if TYPE_CHECKING:
    from rich.console import Console

    from simulator.projection.projection import Projection

__all__ = ["app", "main"]

# What a user can cause; anything else is a defect and keeps its traceback.
USER_ERRORS = (
    ExecutionError,
    FidelityError,
    FormulaError,
    GraphError,
    MissingTracerError,
    OutputError,
    ParameterError,
    SpecError,
    TraceFormatError,
    UnknownKernelError,
    UnknownWorkloadError,
    UnsupportedFormatError,
    UnsupportedOpError,
)

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


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
        typer.Option("--trace", help="Trace of any known format: project its times to --hw, instead of --model."),
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
        Path | None,
        typer.Option(help="Calibration of a probed machine; by default the one beside its specification."),
    ] = None,
    output_format: Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.")] = "table",
    output: Annotated[Path | None, typer.Option(help="Write to this file instead of the terminal.")] = None,
    list_models: Annotated[bool, typer.Option("--list", help="List the workloads and stop.")] = False,
    cache: Annotated[bool, typer.Option(help="Keep traced graphs for the next run.")] = True,
    version: VersionOption = False,
) -> None:
    """Predict how long a workload takes on an accelerator, and what holds each part back."""
    _choice("format", output_format, FORMATS)
    level = _fidelity(fidelity)
    if list_models:
        from simulator.views.workloads import render_workloads

        _emit(render_workloads(output_format), output)
        return
    if hw is None or sum(given is not None for given in (model, graph, trace)) != 1:
        raise typer.BadParameter("give --hw NAME and one of --model NAME, --graph FILE and --trace FILE (or --list)")
    run = Execution(mode=execution, attention=attention)
    accelerator = _accelerator(hw, change or [])
    calibrations = calibration_pool(hw, load_accelerator(hw), calibration)
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
    source = load_accelerator(from_) if from_ else None
    if trace is not None:
        _refuse({**settings, "explain": explain}, "a trace, which is of one run")
        _emit(_traced(trace, accelerator, source, run, level, calibrations, output_format), output)
        return
    if source is not None:
        raise typer.BadParameter("--from goes with --trace FILE")
    op_graph = _graph(model, graph, settings, cache=cache)
    simulation = simulate(op_graph, accelerator, run, fidelity=level, calibrations=calibrations)
    if explain is not None:
        _emit(_explained(simulation, explain, output_format), output)
        return
    _emit(_rendered(simulation.report, output_format), output)


def _traced(
    path: Path,
    target: Accelerator,
    source: Accelerator | None,
    run: Execution,
    fidelity: Fidelity,
    calibrations: CalibrationPool,
    output_format: str,
) -> str:
    """Measured trace on another accelerator as text; of a trace without times, the prediction of its operators."""
    from simulator.projection.traced import graph_of_trace, project
    from tracer.formats import read_trace
    from tracer.progress_bar import reading

    with reading(path) as advance:
        trace = read_trace(path, progress=advance)
    if len(trace.kernels):
        projection = project(trace, target, source, run, fidelity=fidelity, calibrations=calibrations)
        return _projection_text(projection, output_format)
    if source is not None:
        raise typer.BadParameter(f"--from needs measured times, and {path} has no device events; leave it out")
    graph = graph_of_trace(trace, run)
    return _rendered(simulate(graph, target, run, fidelity=fidelity, calibrations=calibrations).report, output_format)


def _refuse(settings: Mapping[str, object], what: str) -> None:
    """Refuse settings that are given although they change nothing."""
    given = [name for name, value in settings.items() if value is not None]
    if given:
        raise GraphError(f"--{given[0].replace('_', '-')} does not apply to {what}")


def _projection_text(projection: Projection, output_format: str) -> str:
    from simulator.projection.presentation import render_projection

    if output_format == "json":
        return json.dumps(projection.to_dict(), indent=2) + "\n"
    if output_format == "csv":
        raise typer.BadParameter("a projection has no CSV form; valid: table, json")
    return _captured(lambda console: render_projection(projection, console))


def _explained(simulation: Simulation, name: str, output_format: str) -> str:
    if output_format == "csv":
        raise typer.BadParameter("an explanation has no CSV form; valid: table, json")
    explanations = explain_operator(simulation, name)
    if output_format == "json":
        plain = [{**asdict(entry), "terms": [term._asdict() for term in entry.terms]} for entry in explanations]
        return json.dumps(plain, indent=2) + "\n"
    return render_explanations(explanations)


def _fidelity(name: str) -> Fidelity:
    known: dict[str, Fidelity] = {"roofline": "roofline", "calibrated": "calibrated"}
    return known[_choice("fidelity", name, tuple(known))]


def _accelerator(name: str, changes: list[str]) -> Accelerator:
    accelerator = load_accelerator(name)
    return apply_overrides(accelerator, changes) if changes else accelerator


def _graph(model: str | None, graph: Path | None, settings: Mapping[str, object], *, cache: bool) -> OpGraph:
    if graph is not None:
        from tracer.storage.graph_file import load_graph

        _refuse(settings, "a graph file; trace it again")
        return load_graph(graph)
    if model is None:
        raise typer.BadParameter("give --model NAME or --graph FILE")
    return graph_of(model, settings, use_cache=cache, progress=_say)


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
    run_command_line(app, "simulate", USER_ERRORS)


if __name__ == "__main__":
    main()
