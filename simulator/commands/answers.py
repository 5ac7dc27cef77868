"""The answer to what is asked: a report, an explanation, a comparison or a projection as text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import NamedTuple

import typer

from hw_specs import load_accelerator
from hw_specs.listing.known_parts import slip_warnings
from simulator.execution import Execution
from simulator.profile.beside import other_attention, with_one_device
from simulator.profile.parts import parts_of
from simulator.profile.upgrades import upgrades
from simulator.reference import reference_changes
from simulator.report import Report
from simulator.simulation import Simulation
from simulator.views.explanation import explain_operator, render_explanations
from simulator.views.parts import ROWS, parts_to_csv, parts_to_json, print_parts
from simulator.views.report import LARGEST_MODULES, print_report, to_csv, to_json
from simulator.views.terminal import captured, remark
from tracer.graph import OpGraph
from tracer.progress_bar import working

from .asked import Asked
from .subject import Subject, refuse

__all__ = ["WIDTH", "Answer", "answer_of", "predicted"]

#: Of what is printed where there is no terminal. [columns]
WIDTH = 140


class Answer(NamedTuple):
    """What is printed, whether the accelerator's memory holds the run, and what is said beside it."""

    text: str
    fits: bool = True
    remarks: tuple[str, ...] = ()


def answer_of(subject: Subject, asked: Asked, explain: str | None, versus: Sequence[str] | None) -> Answer:
    """Report, projection, explanation or comparison as text."""
    from .compared import compared
    from .traced import traced

    source = load_accelerator(subject.from_) if subject.from_ else None
    remark(slip_warnings(() if source is None else (source,)))
    if subject.trace is not None:
        refuse({**subject.settings, "explain": explain, "versus": versus}, "a trace, which is of one run")
        return traced(subject.trace, subject.graph, source, asked)
    if source is not None:
        raise typer.BadParameter("--from goes with --trace FILE")
    if versus:
        refuse({"explain": explain}, "a comparison")
        return compared(subject, asked, reference_changes(versus))
    return predicted(subject.traced(subject.settings, asked.accelerator), asked, explain)


def predicted(graph: OpGraph, asked: Asked, explain: str | None = None) -> Answer:
    """Report of a graph as text, or the explanation of one of its kernels."""

    def rerun(execution: Execution) -> Simulation:
        return replace(asked, execution=execution).simulation(graph)

    with working(f"predicting {graph.name}"):
        simulation = asked.simulation(graph)
        report = with_one_device(simulation, asked.execution, rerun)
    if asked.files:
        with working("writing files"):
            others = other_attention(simulation, asked.execution, rerun) if asked.files.compare_attention else {}
            asked.files.write(simulation, report, others, asked.remarks)
    if explain is not None:
        refuse({"by": asked.by, "top": asked.top}, "an explanation")
        return Answer(_explained(simulation, explain, asked.output_format), simulation.report.fits)
    if asked.by is not None:
        return Answer(_by_key(simulation, report, asked.by, asked), report.fits)
    return Answer(_rendered(simulation, report, asked), report.fits)


def _explained(simulation: Simulation, name: str, output_format: str) -> str:
    if output_format == "csv":
        raise typer.BadParameter("an explanation has no CSV form; valid: table, json")
    explanations = explain_operator(simulation, name)
    if output_format == "json":
        plain = [{**asdict(entry), "terms": [term._asdict() for term in entry.terms]} for entry in explanations]
        return json.dumps(plain, indent=2) + "\n"
    return render_explanations(explanations)


def _by_key(simulation: Simulation, report: Report, key: str, asked: Asked) -> str:
    """The one table of a run's parts."""
    parts = parts_of(simulation, key)
    if asked.output_format == "json":
        return parts_to_json(report, key, parts, asked.top)
    if asked.output_format == "csv":
        return parts_to_csv(parts, asked.top)
    gains, top = upgrades(simulation), asked.top or ROWS
    return captured(lambda console: print_parts(report, key, parts, console, top=top, gains=gains), width=WIDTH)


def _rendered(simulation: Simulation, report: Report, asked: Asked) -> str:
    if asked.output_format != "table":
        refuse({"top": asked.top}, "a whole report, which has all modules; give --by")
    if asked.output_format == "json":
        # Who reads JSON does not see standard error.
        return to_json(replace(report, remarks=(*asked.remarks, *report.remarks))) + "\n"
    if asked.output_format == "csv":
        return to_csv(report)
    gains, modules = upgrades(simulation), asked.top or LARGEST_MODULES
    return captured(lambda console: print_report(report, console, gains, modules), width=WIDTH)
