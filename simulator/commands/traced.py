"""A measured trace on another accelerator, as text."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, fields
from pathlib import Path

import typer

from hw_specs import Accelerator
from simulator.projection.host_runs import measured_on_host, ran_on_host
from simulator.projection.lent.shapes import lent_shapes
from simulator.projection.presentation import (
    NUM_OPERATORS,
    NamedOperator,
    operators_by_name,
    render_operators,
    render_projection,
)
from simulator.projection.projection import Projection
from simulator.projection.traced import graph_of_trace, project
from simulator.views.terminal import captured
from tracer.formats import read_trace
from tracer.progress_bar import reading, working

from .answers import WIDTH, Answer, predicted
from .asked import Asked
from .subject import refuse

__all__ = ["traced"]


def traced(path: Path, graph: Path | None, source: Accelerator | None, asked: Asked) -> Answer:
    """Measured trace on another accelerator as text; of a trace without times, the prediction of its operators.

    A trace without shapes has those of the graph where one is given.
    """
    with reading(path) as advance:
        trace = read_trace(path, progress=advance)
    remarks: tuple[str, ...] = ()
    if graph is not None:
        trace, remarks = lent_shapes(trace, graph)
    if source is not None and source.kind == "cpu":
        trace = measured_on_host(trace)
    if len(trace.kernels):
        if asked.by not in (None, "operator"):
            raise typer.BadParameter(f"--by {asked.by} does not apply to a measured trace; valid: operator")
        if not ran_on_host(trace):
            refuse({"host": asked.host}, "a projection of a device's times, whose idle time stays as measured")
        with working(f"projecting {path.name}"):
            projection = project(
                trace,
                asked.accelerator,
                source,
                asked.execution,
                fidelity=asked.fidelity,
                calibrations=asked.calibrations,
                host=asked.host,
            )
        asked.files.write_projection(projection, (*remarks, *asked.remarks))
        return Answer(_text(projection, asked), remarks=remarks)
    if source is not None:
        raise typer.BadParameter(f"--from needs measured times, and {path} has no device events; leave it out")
    return predicted(graph_of_trace(trace, asked.execution), asked)


def _text(projection: Projection, asked: Asked) -> str:
    if asked.by is not None:
        return _operators_text(projection, asked)
    if asked.output_format != "table":
        refuse({"top": asked.top}, "a whole projection, which has all operators; give --by operator")
    if asked.output_format == "json":
        return json.dumps(projection.to_dict(), indent=2) + "\n"
    if asked.output_format == "csv":
        raise typer.BadParameter("a projection has no CSV form without --by operator; valid: table, json")
    operators = asked.top or NUM_OPERATORS
    return captured(lambda console: render_projection(projection, console, operators), width=WIDTH)


def _operators_text(projection: Projection, asked: Asked) -> str:
    """The one table of operators."""
    rows = [asdict(row) for row in operators_by_name(projection)]
    if asked.output_format == "json":
        whole = {name: getattr(projection, name) for name in ("source", "target", "measured_time", "combined_time")}
        left = {"count": len(rows[asked.top :]) if asked.top else 0}
        return json.dumps({**whole, "by": "operator", "parts": rows[: asked.top], "left_out": left}, indent=2) + "\n"
    if asked.output_format == "csv":
        stream = io.StringIO()
        writer = csv.DictWriter(stream, fieldnames=[each.name for each in fields(NamedOperator)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[: asked.top])
        return stream.getvalue()
    top = asked.top or NUM_OPERATORS
    return captured(lambda console: render_operators(projection, console, top), width=WIDTH)
