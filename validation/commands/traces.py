"""``validate trace``: a measured trace beside predictions, another trace, or the graph of a workload."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hw_specs import Accelerator, CalibrationPool, load_accelerator
from hw_specs.listing.known_parts import slip_warnings
from simulator.command_options import Format, Output, check_format
from simulator.execution import Execution
from simulator.projection.host_runs import measured_on_host
from simulator.results.files import command_line, require_page, write_page
from simulator.results.options import PageFile
from simulator.views.terminal import captured, emit, remark
from tracer.progress_bar import reading, working

if TYPE_CHECKING:
    from tracer.graph import OpGraph
    from tracer.trace import Trace
    from validation.traces.difference import TraceDifference

__all__ = ["trace_command"]


def trace_command(
    file: Annotated[Path, typer.Argument(help="Trace of any known format, plain or gzip.")],
    hw: Annotated[
        str | None, typer.Option("--hw", help="Accelerator to predict for; the one that the trace names by default.")
    ] = None,
    attention: Annotated[str, typer.Option(help="Fused attention where the trace does not name it.")] = "flash",
    part: Annotated[
        str | None,
        typer.Option(help="Only a part of the trace: an annotation, 'step 3', 'before steps' (see --parts)."),
    ] = None,
    parts: Annotated[bool, typer.Option("--parts", help="List the parts of the trace and stop.")] = False,
    against: Annotated[
        Path | None,
        typer.Option(help="Trace to set beside this one, as it was before; predictions only where --hw is given."),
    ] = None,
    against_part: Annotated[
        str | None, typer.Option(help="Part of that trace; of this one where --against is not given.")
    ] = None,
    ranks: Annotated[
        list[Path] | None,
        typer.Option(help="Trace of another rank of the run, once for each: tells waiting from moving in messages."),
    ] = None,
    graph: Annotated[
        str | None,
        typer.Option(help="Also hold operators against a graph file or a workload; shapes where the trace has none."),
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(help="Calibration of a probed machine; by default the one beside its specification."),
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Write a scatter and a bar plot to this file.")] = None,
    report: PageFile = None,
    output_format: Format = "table",
    output: Output = None,
) -> None:
    """Line measured kernels of a trace up with predicted ones, another trace, or a workload's operators."""
    check_format(output_format)
    require_page(report)
    execution = Execution(attention=attention)
    accelerator = load_accelerator(hw) if hw else None
    pool = _pool(hw, accelerator, calibration)
    whole = _read(file, accelerator)
    if parts:
        emit(_parts_text(whole, output_format), output)
        return
    trace, runs = _part(whole, part)
    expected = None if graph is None else _graph(graph, trace)
    found: list[tuple[str, dict[str, Any], str]] = []
    if expected is not None:
        trace, expected, shapes = _shaped(trace, expected)
        found.extend(shapes)
    if against is not None or against_part is not None:
        found.append(_against(trace, _part(_read(against, accelerator) if against else whole, against_part)[0]))
    alone = against is None and against_part is None
    if hw or (alone and (graph is None or trace.facts.device)):
        others = [_part(_read(other, accelerator), part)[0] for other in ranks or ()]
        found.append(_predicted(trace, accelerator, execution, pool, (plot, report), others))
    if expected is not None:
        found.append(_held_against(expected, trace, None if part is None else runs, accelerator, execution, pool))
    emit(_text(found, output_format), output)


def _pool(hw: str | None, accelerator: Accelerator | None, calibration: Path | None) -> CalibrationPool:
    """Calibrations for an accelerator that was named, whose slips are said, else those that ship."""
    from simulator.calibrations import calibration_pool

    remark(slip_warnings(() if accelerator is None else (accelerator,)))
    return calibration_pool(hw, accelerator, calibration) if hw and accelerator else CalibrationPool.shipped()


def _text(found: list[tuple[str, dict[str, Any], str]], output_format: str) -> str:
    """All that was found, as members of one object or as text."""
    if output_format == "json":
        return json.dumps(_joined(found), indent=2) + "\n"
    return "".join(text for _, _, text in found)


def _joined(found: list[tuple[str, dict[str, Any], str]]) -> dict[str, Any]:
    """One object: the prediction's members, the others under their names."""
    plain: dict[str, Any] = {}
    for name, members, _ in found:
        plain |= {name: members} if name else members
    return plain


def _read(file: Path, accelerator: Accelerator | None) -> Trace:
    """Trace of a file; its operators count as device events where they ran on a processor."""
    from tracer.formats import read_trace

    with reading(file) as advance:
        trace = read_trace(file, progress=advance)
    return measured_on_host(trace) if accelerator is None or accelerator.kind == "cpu" else trace


def _part(trace: Trace, name: str | None) -> tuple[Trace, int]:
    from tracer.events.parts import part_of

    return (trace, 1) if name is None else part_of(trace, name)


def _parts_text(trace: Trace, output_format: str) -> str:
    from dataclasses import asdict

    from validation.traces.parts import part_times
    from validation.traces.presentation import render_parts

    found = part_times(trace)
    if output_format == "json":
        return json.dumps([asdict(each) for each in found], indent=2) + "\n"
    return captured(lambda console: render_parts(found, console))


def _against(trace: Trace, reference: Trace) -> tuple[str, dict[str, Any], str]:
    """What changed between two traces, as members and text."""
    from validation.traces.difference import difference_of
    from validation.traces.presentation import render_trace_difference

    with working("comparing traces"):
        difference: TraceDifference = difference_of(trace, reference)
    text = captured(lambda console: render_trace_difference(difference, console))
    return "against", difference.to_dict(), text


def _predicted(
    trace: Trace,
    accelerator: Accelerator | None,
    execution: Execution,
    pool: CalibrationPool,
    files: tuple[Path | None, Path | None],
    other_ranks: Sequence[Trace],
) -> tuple[str, dict[str, Any], str]:
    """Measured kernels beside predicted ones, as members and text; a picture and a page of them where asked for."""
    from validation.errors.trace_presentation import render
    from validation.errors.traces import compare

    with working("predicting every operator"):
        comparison = compare(trace, accelerator, execution, calibrations=pool, other_ranks=other_ranks)
    plot, report = files
    if report is not None:
        from validation.traces.page import trace_page

        write_page(trace_page(comparison, command_line()), report)
    if plot is not None:
        from validation.errors.trace_plots import plot as draw

        draw(comparison, plot)
    return "", comparison.to_dict(), captured(lambda console: render(comparison, console))


def _graph(source: str, trace: Trace) -> OpGraph:
    from validation.errors.graph_difference import graph_to_compare

    with working(f"reading {source}"):
        return graph_to_compare(source, trace)


def _shaped(trace: Trace, graph: OpGraph) -> tuple[Trace, OpGraph, list[tuple[str, dict[str, Any], str]]]:
    """Trace with the shapes of a graph where it has none, the graph as often as it ran, and what was taken."""
    from simulator.projection.lent.shapes import with_shapes_of

    shaped = with_shapes_of(trace, graph)
    if shaped is None:
        return trace, graph, []
    taken = shaped[1]
    stages = tuple(replace(stage, repeats=stage.repeats * max(taken.runs, 1)) for stage in graph.stages)
    said = "".join(f"{line}\n" for line in taken.lines())
    return shaped[0], replace(graph, stages=stages), [("shapes_from_graph", taken.to_dict(), said)]


def _held_against(
    expected: OpGraph,
    trace: Trace,
    runs: int | None,
    accelerator: Accelerator | None,
    execution: Execution,
    pool: CalibrationPool,
) -> tuple[str, dict[str, Any], str]:
    """Operators that ran beside those of a workload, or of the stage that a part of the trace is."""
    from validation.errors.graph_difference import against_graph
    from validation.errors.trace_presentation import render_difference
    from validation.traces.parts import matched_stage
    from validation.traces.presentation import render_matched_stage

    if runs is None:
        difference = against_graph(trace, expected)
        return "graph", difference.to_dict(), captured(lambda console: render_difference(difference, console))
    matched = matched_stage(trace, runs, expected, accelerator, execution, pool)
    text = captured(lambda console: render_matched_stage(matched, console))
    plain = matched.to_dict()
    return "graph", plain, text + captured(lambda console: render_difference(matched.difference, console))
