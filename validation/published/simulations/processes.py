"""Published runs simulated in several processes: those of one workload in one, which reads its graph once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import as_completed

from hw_specs import CalibrationPool, SpecError
from hw_specs.terminal.workers import uninterrupted, workers_of
from simulator.cost import UnsupportedFormatError
from simulator.cost.model import Fidelity
from simulator.execution import ExecutionError
from simulator.software import SoftwareError
from tracer.graph import GraphError
from validation.published.case import Case

from .runs import Simulations, graph_key

__all__ = ["simulated"]

#: Fewer cases are simulated as fast where they are asked for.
_FEW = 16


def simulated(
    cases: Iterable[Case],
    calibrations: CalibrationPool,
    fidelities: Sequence[Fidelity] = ("calibrated", "roofline"),
    *,
    progress: Callable[[str], None] | None = None,
    processes: int | None = None,
) -> Simulations:
    """Simulations that know some cases already.

    Parameters
    ----------
    cases : iterable of Case
    calibrations : CalibrationPool
    fidelities : sequence of str
    progress : callable, optional
        Called with the name of each case that is done.
    processes : int, optional
        As many as the machine has cores by default.
    """
    known, wanted = Simulations(calibrations), list(cases)
    count = processes or os.cpu_count() or 1
    if count < 2 or len(wanted) < _FEW:
        return known
    with workers_of(count) as workers:
        with uninterrupted():
            running = [workers.submit(_simulated, group, calibrations, fidelities) for group in _by_graph(wanted)]
        for done in as_completed(running):
            names, found = done.result()
            known.add(found)
            for name in names:
                if progress is not None:
                    progress(name)
    return known


def _by_graph(cases: Sequence[Case]) -> Iterator[list[Case]]:
    """Cases of one graph each, the most cases first."""
    groups: dict[object, list[Case]] = {}
    for case in cases:
        groups.setdefault(graph_key(case), []).append(case)
    yield from sorted(groups.values(), key=len, reverse=True)


def _simulated(
    cases: Sequence[Case], calibrations: CalibrationPool, fidelities: Sequence[Fidelity]
) -> tuple[list[str], Simulations]:
    """Cases of one graph. What cannot be simulated says so again where it is asked for."""
    found = Simulations(calibrations)
    for case in cases:
        for fidelity in fidelities:
            try:
                found.predict(case, fidelity)
            except (ExecutionError, GraphError, SoftwareError, SpecError, UnsupportedFormatError):
                break
    return [case.id for case in cases], found
