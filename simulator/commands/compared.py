"""A run beside its reference, as text."""

from __future__ import annotations

from functools import partial

from simulator.comparison import compare
from simulator.reference import ReferenceChanges
from simulator.uncertainty.unchecked import unchecked_remarks
from simulator.views.comparison import comparison_to_csv, comparison_to_json, print_comparison
from simulator.views.terminal import captured

from .answers import WIDTH, Answer
from .asked import Asked
from .subject import Subject

__all__ = ["compared"]


def compared(subject: Subject, asked: Asked, changes: ReferenceChanges) -> Answer:
    """Comparison of a run with its reference as text."""
    reference = asked.reference(changes)
    run = asked.simulation(subject.traced(subject.settings, asked.accelerator))
    other = reference.simulation(subject.traced({**subject.settings, **changes.settings}, reference.accelerator))
    comparison, workloads = compare(run, other), (each.launches.graph.workload for each in (run, other))
    remarks = tuple(dict.fromkeys(line for workload in workloads for line in unchecked_remarks(workload)))
    asked.files.write_comparison(comparison, (*remarks, *asked.remarks))
    answer = partial(Answer, fits=run.report.fits, remarks=remarks)
    if asked.output_format == "json":
        return answer(comparison_to_json(comparison))
    if asked.output_format == "csv":
        return answer(comparison_to_csv(comparison))
    return answer(captured(lambda console: print_comparison(comparison, console), width=WIDTH))
