"""The list of workloads that ``simulate --list`` prints."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from simulator.lowering.graphs.growth import operators_by_repeat
from simulator.work import UnsupportedOpError, work_of
from tracer.graph import Op, OpGraph, Workload
from tracer.library.bundle import bundled_graph
from tracer.operators import is_free
from tracer.workloads import Pipeline, iter_pipelines

from .numbers import quantity

__all__ = ["WorkloadRow", "graph_flops", "render_workloads", "workload_rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadRow:
    """One workload: parameters of all components, default output, steps, FLOPs of one output at batch 1."""

    name: str
    title: str
    family: str
    parameters: int
    output: str
    steps: int | None
    dtype: str
    flops_per_output: float | None


def workload_rows() -> list[WorkloadRow]:
    """Rows of all workloads, by name. FLOPs are those of the bundled graph; None where the bundle lacks it."""
    return sorted((_row(pipeline) for pipeline in iter_pipelines()), key=lambda row: row.name)


def graph_flops(graph: OpGraph) -> float:
    """FLOPs of products, convolutions and attention in a whole run of a graph. [FLOP]"""
    total = 0.0
    for stage in graph.stages:
        for op, calls in operators_by_repeat(graph, stage):
            if not is_free(op.name):
                total += calls * _contraction_flops(op)
    return total


def render_workloads(output_format: str) -> str:
    """Text of the list as a table, JSON or CSV."""
    rows = workload_rows()
    if output_format == "json":
        return json.dumps([asdict(row) for row in rows], indent=2) + "\n"
    if output_format == "csv":
        return _csv(rows)
    return _table(rows)


def _contraction_flops(op: Op) -> float:
    try:
        return work_of(op).contraction_flops
    except UnsupportedOpError:
        return 0.0


def _row(pipeline: Pipeline) -> WorkloadRow:
    workload = pipeline.defaults
    graph = bundled_graph(pipeline.name, workload)
    return WorkloadRow(
        name=pipeline.name,
        title=pipeline.title,
        family=pipeline.family,
        parameters=graph.num_parameters if graph else round(sum(pipeline.parameters.values())),
        output=_output(workload),
        steps=workload.num_inference_steps,
        dtype=workload.dtype,
        flops_per_output=graph_flops(graph) / workload.batch if graph else None,
    )


def _output(workload: Workload) -> str:
    if workload.max_new_tokens is not None and workload.height is None:
        return f"{workload.prompt_length}+{workload.max_new_tokens} tokens"
    size = f"{workload.width}x{workload.height}"
    return f"{size}, {workload.num_frames} frames" if workload.num_frames else size


def _csv(rows: Sequence[WorkloadRow]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fieldnames=list(WorkloadRow.__annotations__), lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    return stream.getvalue()


def _table(rows: Sequence[WorkloadRow]) -> str:
    from rich.table import Table

    from hw_specs.terminal.tables import terminal_console

    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="bold")
    for name in ("name", "model", "parameters", "output", "steps", "dtype", "FLOPs per output"):
        table.add_column(name, justify="right" if name in ("parameters", "steps", "FLOPs per output") else "left")
    for row in rows:
        flops = "" if row.flops_per_output is None else quantity(row.flops_per_output, "FLOP")
        steps = "" if row.steps is None else str(row.steps)
        table.add_row(row.name, row.title, quantity(row.parameters, ""), row.output, steps, row.dtype, flops)
    console = terminal_console(160)
    with console.capture() as capture:
        console.print(table)
    return capture.get()
