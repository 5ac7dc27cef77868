"""``simulate --explain OP``: how the time of the kernels of one operator came about, term by term."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hw_specs.terminal.tables import hanging
from simulator.cost import Term, explain
from simulator.simulation import Simulation
from simulator.uncertainty.standing import KernelRanges, kernel_ranges

from .numbers import quantity

__all__ = [
    "Explanation",
    "UnknownKernelError",
    "explain_kernel",
    "explain_operator",
    "render_explanations",
    "term_value",
]


class UnknownKernelError(LookupError):
    """No kernel, operator or module of a workload has the name that was asked for."""

    def __str__(self) -> str:
        """Message without the quotes that a KeyError would add."""
        return str(self.args[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One distinct kernel and its terms.

    Attributes
    ----------
    kernel : str
    operator : str
        The operator that launches it.
    module : str
        The first module that does.
    launches : float
        In the whole run.
    total : float
        Time of all its launches. [s]
    low, high : float or None
        80 % range of the time of one launch; None where the fidelity is a bound. [s]
    grounds : str
        Whose residuals the range is made of, and how many unseen rows such ranges held.
    shape : mapping of str to float
        Extents of the kernel, as its family in :mod:`simulator.kernels` defines them.
    terms : tuple of Term
    """

    kernel: str
    operator: str
    module: str
    launches: float
    total: float
    low: float | None
    high: float | None
    grounds: str
    shape: Mapping[str, float]
    terms: tuple[Term, ...]


def explain_operator(simulation: Simulation, name: str, *, most: int = 3) -> list[Explanation]:
    """Kernels whose name, operator or module contains `name`, the costliest first.

    Raises
    ------
    UnknownKernelError
        Nothing matches; the message lists the kernels of the workload.
    """
    rows = _matching_rows(simulation, name.lower())
    table = simulation.kernels
    total = table.count * simulation.costs.time[:, 0]
    if not rows:
        valid = ", ".join(sorted(set(table.name)))
        raise UnknownKernelError(f"no kernel, operator or module contains {name!r}; kernels: {valid}")
    ranked = sorted(rows, key=lambda row: -total[row])[:most]
    return [explain_kernel(simulation, row, *rows[row]) for row in ranked]


def explain_kernel(simulation: Simulation, row: int, operator: str, module: str) -> Explanation:
    """Explanation of one kernel by its row in the simulation's tables, with the operator and module that launch it."""
    table = simulation.kernels.select(np.array([row]))
    time = simulation.costs.time[row : row + 1, 0]
    ranges = None
    if simulation.interval is not None:
        ranges = kernel_ranges(table, time, simulation.accelerator, simulation.calibrations)
    return Explanation(
        kernel=table.name[0],
        operator=operator,
        module=module,
        launches=float(table.count[0]),
        total=float(table.count[0] * time[0]),
        low=None if ranges is None else float(time[0] * ranges.low[0]),
        high=None if ranges is None else float(time[0] * ranges.high[0]),
        grounds="" if ranges is None else _grounds(ranges),
        shape={name: float(values[0]) for name, values in table.tables[0].extents().items()},
        terms=_terms(simulation, row),
    )


_WHOSE = {
    "calibrated": "unseen shapes on this part",
    "inherited": "parts that fits did without",
    "datasheet": "all kernels on parts that fits did without, half as wide again",
}


def _grounds(ranges: KernelRanges) -> str:
    whose, coverage = _WHOSE[ranges.basis[0]], float(ranges.coverage[0])
    counted = "nobody counted how often they hold" if math.isnan(coverage) else f"held {100 * coverage:.0f} % of others"
    return f"residuals of {whose}; {counted}"


def _terms(simulation: Simulation, row: int) -> tuple[Term, ...]:
    """Terms of one kernel; of a bound, those that it is the largest of."""
    terms = explain(simulation.kernels.select(np.array([row])), simulation.hardware)
    if simulation.report.fidelity != "roofline":
        return terms
    time = float(simulation.costs.time[row, 0])
    return (*(t for t in terms if t.name.startswith("roofline")), Term("time", time, "s", "largest of the terms"))


def render_explanations(explanations: list[Explanation]) -> str:
    """Text of explanations: a heading for each kernel and a line for each term."""
    lines: list[str] = []
    for item in explanations:
        shape = ", ".join(f"{axis} {value:g}" for axis, value in item.shape.items())
        lines += [
            hanging(f"{item.kernel} of {item.operator}, ", f"first in {item.module}"),
            hanging("  ", f"{shape}; {item.launches:g} launches, {quantity(item.total, 's')} together"),
        ]
        if item.low is not None and item.high is not None:
            ends = f"{quantity(item.low, 's')} to {quantity(item.high, 's')}"
            lines.append(hanging("  ", f"80 % range of one launch {ends} ({item.grounds})"))
        wide = max((len(term.name) for term in item.terms), default=0)
        lines += [hanging(f"  {term.name:<{wide}} {term_value(term):>14}  ", term.formula) for term in item.terms]
        lines.append("")
    return "\n".join(lines)


def term_value(term: Term) -> str:
    """Value of a term with its unit."""
    if isinstance(term.value, str):
        return term.value
    if term.unit == "1":
        return f"{term.value:.4g}"
    return f"{term.value:.4g} {term.unit}" if term.unit.startswith("1/") else quantity(term.value, term.unit)


def _matching_rows(simulation: Simulation, name: str) -> dict[int, tuple[str, str]]:
    """Row of each matching kernel -> its operator and first module."""
    graph = simulation.launches.graph
    found: dict[int, tuple[str, str]] = {}
    seen: defaultdict[int, set[str]] = defaultdict(set)
    for stage in simulation.launches.stages:
        operators, modules = stage.stage.operators, stage.stage.modules
        for rows, call in zip(stage.rows.T, stage.calls, strict=True):
            operator, module = graph.operators[operators[call]].name, graph.modules[modules[call]]
            row = int(rows[-1])
            if module in seen[row]:
                continue
            seen[row].add(module)
            words = (simulation.kernels.name[row], operator, module, simulation.kernels.kind[row])
            if row not in found and any(name in word.lower() for word in words):
                found[row] = (operator, module)
    return found
