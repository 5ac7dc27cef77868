"""Order of measurement: most valuable first, so that a run that is cut off loses little.

A call of a workload is worth the share of its pipeline's time that it takes, summed over pipelines, over what it costs
to measure; calls of a grid, which are there so that no fit knows the workloads alone, come in random order between
them. Families take turns.
"""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from hw_specs import CalibrationPool, load_accelerator
from hw_specs.reading.yaml_loader import read_yaml
from simulator.projection.operator_times import operator_times
from tracer.graph import OpGraph
from tracer.library.bundle import BUNDLE
from tracer.storage.graph_file import load_graph

from .case import KernelCase
from .catalogue import FAMILIES, Level, case_of, cases_of

__all__ = ["bundled_graphs", "planned_cases", "valued_cases"]

# Calls of a family in each turn. Half-precision convolution, group norm and temporal attention are published least.
_TURN = {"convolution": 3, "matmul": 2, "attention": 3, "normalization": 2, "pointwise": 1, "movement": 1}
# Of this many calls of a family, one is of the grid.
_ONE_OF_GRID = 3
_TWIN = {"float16": "bfloat16", "bfloat16": "float16"}
_DTYPES = frozenset({"float32", "float16", "bfloat16"})
_FILE = Path(__file__).parent / "plan.yaml"
# Time to set a case up, and calls that measuring it makes, warm and cold.
_SETUP, _CALLS = 0.05, 16


def planned_cases(level: Level, graphs: Iterable[OpGraph] | None = None) -> list[tuple[str, KernelCase]]:
    """Families and cases in the order in which to measure them.

    Parameters
    ----------
    level : {"tiny", "probe", "full"}
    graphs : iterable of OpGraph, optional
        Workloads whose calls are measured too; by default those of the bundle for the full level, else none.
    """
    chosen = (bundled_graphs() if level == "full" else ()) if graphs is None else graphs
    valued = valued_cases(chosen)
    queues = {
        family: _merged(_with_twins(valued.get(family, {})), _shuffled(cases_of(family, level))) for family in FAMILIES
    }
    return list(_in_turn(queues))


def bundled_graphs() -> Iterator[OpGraph]:
    """Graphs of all pipelines at their defaults."""
    for path in sorted(BUNDLE.glob("*.npz")):
        yield load_graph(path)


def valued_cases(graphs: Iterable[OpGraph]) -> dict[str, dict[KernelCase, float]]:
    """Family -> case -> share of a graph's time over the cost of measuring it, summed over the graphs. [1/s]"""
    values: dict[str, dict[KernelCase, float]] = defaultdict(lambda: defaultdict(float))
    reference, calibrations = load_accelerator(str(read_yaml(_FILE)["reference"])), CalibrationPool.shipped()
    for graph in graphs:
        calls = _calls(graph)
        time = np.nan_to_num(operator_times(graph.operators, reference, calibrations=calibrations).time) * calls
        total = float(time.sum()) or 1.0
        for op, count, seconds in zip(graph.operators, calls.tolist(), time.tolist(), strict=True):
            found = case_of(op) if count else None
            if found is not None and found[1].dtype in _DTYPES:
                family, case = found
                values[family][case] += seconds / total / (_SETUP + _CALLS * seconds / count)
    return {family: dict(cases) for family, cases in values.items()}


def _calls(graph: OpGraph) -> np.ndarray:
    """Calls of each distinct operator in a whole run; those of growing stages are halved between first and last."""
    calls = np.zeros(len(graph.operators))
    for stage in graph.stages:
        ends = (stage.operators,) if stage.grown is None else (stage.operators, stage.grown)
        for operators in ends:
            np.add.at(calls, operators, stage.repeats / len(ends))
    return calls


def _with_twins(values: Mapping[KernelCase, float]) -> list[KernelCase]:
    """Cases by falling value; each of half precision stands for the other format too, at half its value."""
    ranked: dict[KernelCase, float] = defaultdict(float)
    for case, value in values.items():
        ranked[case] += value
        if case.dtype in _TWIN:
            ranked[replace(case, dtype=_TWIN[case.dtype])] += value / 2
    return sorted(ranked, key=lambda case: -ranked[case])


def _shuffled(cases: Sequence[KernelCase]) -> list[KernelCase]:
    return random.Random(0).sample(cases, len(cases))  # noqa: S311  # an order, not a secret


def _merged(first: Sequence[KernelCase], grid: Sequence[KernelCase]) -> Iterator[KernelCase]:
    """Both in turn, without repetition."""
    seen: set[KernelCase] = set()
    queues = [list(reversed(first)), list(reversed(grid))]
    for turn in itertools.count():
        if not any(queues):
            return
        queue = queues[1] if turn % _ONE_OF_GRID == _ONE_OF_GRID - 1 else queues[0]
        if queue and (case := queue.pop()) not in seen:
            seen.add(case)
            yield case


def _in_turn(queues: Mapping[str, Iterator[KernelCase]]) -> Iterator[tuple[str, KernelCase]]:
    waiting = dict(queues)
    while waiting:
        for family in list(waiting):
            taken = list(itertools.islice(waiting[family], _TURN[family]))
            yield from ((family, case) for case in taken)
            if not taken:
                del waiting[family]
