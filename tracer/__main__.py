"""Command line: ``trace graph``, ``trace lengths``, ``trace parameters``, ``trace bundle``."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from hw_specs.errors import SpecError
from hw_specs.output import OutputError, writing
from hw_specs.terminal.commands import Application
from hw_specs.terminal.meanings import unknown
from hw_specs.terminal.places import measured_device, writable
from hw_specs.terminal.records import takes
from hw_specs.terminal.running import run_command_line
from hw_specs.terminal.tables import text_table
from hw_specs.units.number_formats import torch_dtype
from tracer.library.graphs import MissingTracerError, graph_of, pipeline_of
from tracer.storage.graph_file import save_graph
from tracer.storage.trace_file import save_trace

from .graph import GraphError, OpGraph, Workload
from .lengths import AttentionCall, attention_calls, plot_lengths
from .options import WorkloadOptions
from .progress_bar import counts, working
from .trace import Trace, TraceFormatError
from .workloads import Pipeline, UnknownWorkloadError, resolve

__all__ = ["app", "main"]

USER_ERRORS = (GraphError, MissingTracerError, OutputError, SpecError, TraceFormatError, UnknownWorkloadError)

#: Room for the names of modules in a table: their layers tell them apart. [columns]
_MODULES = 44

app = Application(
    "Operator graphs of workloads, and traces of real runs.",
    {"Options and examples of a command": "trace run --help"},
)


@dataclass(frozen=True, kw_only=True)
class GraphOptions(WorkloadOptions):
    """What is traced without a device, and where its graph goes."""

    output: Annotated[
        Path, typer.Option("--output", "-o", callback=writable(".npz"), help="Graph file to write (.npz).")
    ]


@dataclass(frozen=True, kw_only=True)
class CapturedRunOptions(WorkloadOptions):
    """What is run, on which device, and where its trace goes."""

    output: Annotated[Path, typer.Option("--output", "-o", callback=writable(), help="Trace file to write.")]
    device: Annotated[str, typer.Option(callback=measured_device, help="cpu, cuda or cuda:N.")] = "cuda"
    repeats: Annotated[int | None, typer.Option(min=1, help="Most repeats of any stage that are run.")] = None
    warmup: Annotated[int, typer.Option(min=0, help="Runs of a stage before anything is measured.")] = 1
    chrome: Annotated[
        Path | None,
        typer.Option(
            callback=writable(".json", ".json.gz"),
            help="Write the profiler's own trace too, one a stage (.json, .json.gz).",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class LengthsOptions(WorkloadOptions):
    """Whose attention is listed, and how."""

    repeats: Annotated[int, typer.Option(min=1, help="Repeats of each stage to list.")] = 1
    output_format: Annotated[str, typer.Option("--format", help="table, json or csv.")] = "table"
    plot: Annotated[
        Path | None,
        typer.Option(callback=writable(".png", ".svg", ".pdf"), help="Write a figure to this file (.png, .svg, .pdf)."),
    ] = None


@app.command(
    "graph", examples={"The operators of one setting": "trace graph --model sdxl --height 768 --width 768 -o sdxl.npz"}
)
@takes(GraphOptions)
def graph_command(given: GraphOptions) -> None:
    """Trace a workload on meta tensors, without weights or GPU, and write its operator graph."""
    graph = _graph(given)
    save_graph(graph, given.output)
    calls = sum(stage.num_calls * stage.repeats for stage in graph.stages)
    print(
        f"{given.output}: {calls} calls, {len(graph.operators)} distinct operators, {graph.num_parameters} parameters"
    )


@app.command(
    "run",
    examples={
        "On a GPU": "trace run --model stable-diffusion -o sd.trace",
        "A short run on a processor": "trace run --model stable-diffusion --device cpu --repeats 2 -o cpu.trace",
    },
)
@takes(CapturedRunOptions)
def run_command(given: CapturedRunOptions) -> None:
    """Run a workload with random weights on a real device under the profiler, and write its trace."""
    pipeline = pipeline_of(_named(given))
    workload = resolve(pipeline, _settings(given))
    trace = _captured(pipeline, workload, given)
    save_trace(trace, given.output)
    print(f"{given.output}: {len(trace.kernels)} kernels, {1e3 * trace.device_time:.3f} ms on {trace.facts.device}")


@app.command(
    "lengths",
    examples={
        "Every attention call in order": "trace lengths --model stable-diffusion",
        "As a picture": "trace lengths --model stable-diffusion --plot lengths.png",
    },
)
@takes(LengthsOptions)
def lengths_command(given: LengthsOptions) -> None:
    """List every attention call in order, with its lengths and kind, and plot them."""
    graph = _graph(given)
    if given.plot is not None:
        _save_figure(graph, given.plot, max(given.repeats, 2))
    sys.stdout.write(_rendered(list(attention_calls(graph, repeats=given.repeats)), given.output_format))


@app.command("bundle", examples={"Graphs of two workloads": "trace bundle sdxl flux-dev"})
def bundle_command(
    names: Annotated[list[str] | None, typer.Argument(help="Workloads to rebuild; all by default.")] = None,
) -> None:
    """Rebuild the graphs that ship with the package."""
    from tracer.library.rebuild import rebuild

    with working("tracing") as say:
        size = rebuild(names or (), progress=lambda name: say(f"tracing {name}"))
    print(f"bundle: {size / 1e6:.2f} MB")


@app.command("parameters", examples={"Parameters beside published figures": "trace parameters"})
def parameters_command() -> None:
    """Print parameter counts of every component beside the published figures, as Markdown."""
    from .library.parameters import markdown_table, parameter_rows

    with working("counting parameters"):
        rows = list(parameter_rows())
    sys.stdout.write(markdown_table(rows))


def _captured(pipeline: Pipeline, workload: Workload, given: CapturedRunOptions) -> Trace:
    """Trace of a run, with a progress bar on standard error where that is a terminal."""
    try:
        from tracer.capture.device import CaptureOptions, trace_pipeline
    except ImportError as error:
        raise MissingTracerError(f"a run needs {error.name}: pip install 'roofcast[trace]'") from error
    with counts() as advance:
        options = CaptureOptions(
            device=given.device, steps=given.repeats, warmup=given.warmup, chrome=given.chrome, progress=advance
        )
        return trace_pipeline(pipeline, workload, options)


def _named(given: WorkloadOptions) -> str:
    """Model of a command's options."""
    if given.model is None:
        raise typer.BadParameter("--model is missing; valid: a name that simulate --list shows, or a folder")
    return given.model


def _settings(given: WorkloadOptions) -> dict[str, object]:
    """Settings of a command's options, formats under torch's names."""
    formats = {"dtype": given.dtype, "vae_dtype": given.vae_dtype}
    return given.settings() | {name: value and torch_dtype(value) for name, value in formats.items()}


def _graph(given: WorkloadOptions) -> OpGraph:
    """Graph of a workload, with progress for someone who watches."""
    model = _named(given)
    with working(f"reading {model}") as say:
        return graph_of(model, _settings(given), progress=lambda stage: say(f"tracing {model}: {stage}"))


def _save_figure(graph: OpGraph, path: Path, repeats: int) -> None:
    figure = plot_lengths(graph, repeats=repeats)
    with writing(path) as stream:
        figure.savefig(stream, format=path.suffix[1:], dpi=150)


def _rendered(calls: Sequence[AttentionCall], output_format: str) -> str:
    rows = [asdict(call) for call in calls]
    if output_format == "json":
        return json.dumps(rows, indent=2) + "\n"
    if output_format == "csv":
        stream = io.StringIO()
        writer = csv.DictWriter(stream, fieldnames=list(AttentionCall.__slots__), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return stream.getvalue()
    if output_format != "table":
        raise GraphError(unknown("format", output_format, ("table", "json", "csv")))
    return _table(calls)


def _table(calls: Sequence[AttentionCall]) -> str:
    columns = ("module", "stage", "repeat", "kind", "query", "key", "sequences", "heads", "dim")
    rows = (
        (c.module, c.stage, c.repeat, c.kind, c.query_length, c.key_length, c.sequences, c.heads, c.head_dim)
        for c in calls
    )
    return text_table(columns, (tuple(map(str, row)) for row in rows), left=2, names=_MODULES)


def main() -> None:
    """Entry point: one line and exit status 2 for anything that the user can mend."""
    run_command_line(app, "trace", USER_ERRORS)


if __name__ == "__main__":
    main()
