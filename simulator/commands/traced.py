"""A measured trace on another accelerator, as text."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from hw_specs import Accelerator
from simulator.projection.graph_shapes import lent_shapes
from simulator.projection.host_runs import measured_on_host, ran_on_host
from simulator.projection.presentation import render_projection
from simulator.projection.projection import Projection
from simulator.projection.traced import graph_of_trace, project
from simulator.views.terminal import captured
from tracer.formats import read_trace
from tracer.progress_bar import reading

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
        if not ran_on_host(trace):
            refuse({"host": asked.host}, "a projection of a device's times, whose idle time stays as measured")
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
        return Answer(_projection_text(projection, asked.output_format), remarks=remarks)
    if source is not None:
        raise typer.BadParameter(f"--from needs measured times, and {path} has no device events; leave it out")
    return predicted(graph_of_trace(trace, asked.execution), asked)


def _projection_text(projection: Projection, output_format: str) -> str:
    if output_format == "json":
        return json.dumps(projection.to_dict(), indent=2) + "\n"
    if output_format == "csv":
        raise typer.BadParameter("a projection has no CSV form; valid: table, json")
    return captured(lambda console: render_projection(projection, console), width=WIDTH)
