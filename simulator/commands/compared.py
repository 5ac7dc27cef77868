"""A run beside its reference, as text."""

from __future__ import annotations

from collections.abc import Iterator

from hw_specs.listing.known_parts import slip_warnings
from simulator.comparison import Comparison, compare, compare_by
from simulator.reference import ReferenceChanges
from simulator.report import Report
from simulator.simulation import Simulation
from simulator.uncertainty.unchecked import unchecked_remarks
from simulator.views.comparison import ComparedParts, comparison_to_csv, comparison_to_json, print_comparison
from simulator.views.numbers import quantity
from simulator.views.parts import ROWS
from simulator.views.terminal import captured
from tracer.progress_bar import working

from .answers import WIDTH, Answer
from .asked import Asked
from .subject import Subject, refuse

__all__ = ["compared"]


def compared(subject: Subject, asked: Asked, changes: ReferenceChanges) -> Answer:
    """Comparison of a run with its reference as text."""
    reference = asked.reference(changes)
    graph = subject.traced(subject.settings, asked.accelerator)
    other_graph = subject.traced({**subject.settings, **changes.settings}, reference.accelerator)
    with working(f"comparing two runs of {graph.name}"):
        run, other = asked.simulation(graph), reference.simulation(other_graph)
        comparison, runs = compare(run, other), (run, other)
    said = (line for each in runs for line in (*unchecked_remarks(each.launches.graph.workload), *_room(each.report)))
    others = slip_warnings(() if reference.hw == asked.hw else (reference.accelerator,))
    remarks = (*others, *dict.fromkeys(said))
    asked.files.write_comparison(comparison, (*remarks, *asked.remarks))
    return Answer(_text(comparison, _chosen(run, other, asked), asked.output_format), run.report.fits, remarks)


def _room(report: Report) -> Iterator[str]:
    """What is said of a run that the memory does not hold."""
    if not report.fits:
        peak, capacity = (quantity(size, "B") for size in (report.peak_memory, report.memory_capacity))
        yield f"{report.accelerator} does not hold the run: it needs {peak} of memory, the part has {capacity}"


def _chosen(run: Simulation, other: Simulation, asked: Asked) -> ComparedParts | None:
    """Parts by the key that is asked for."""
    if asked.by is None:
        refuse({"top": asked.top}, "a comparison without --by")
        return None
    top = asked.top or (ROWS if asked.output_format == "table" else None)
    return ComparedParts(by=asked.by, parts=compare_by(run, other, asked.by), top=top)


def _text(comparison: Comparison, chosen: ComparedParts | None, output_format: str) -> str:
    if output_format == "json":
        return comparison_to_json(comparison, chosen)
    if output_format == "csv":
        return comparison_to_csv(comparison, chosen)
    return captured(lambda console: print_comparison(comparison, console, chosen), width=WIDTH)
