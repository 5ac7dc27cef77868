"""Designs that no other is better than in every objective: a Pareto front by NSGA-II, on the engine of sweeps.

NSGA-II (Deb et al., IEEE Trans. Evol. Comput. 6, 2002) as pymoo has it, from a Latin hypercube of designs. Figures of
several models are those of running them one after another: latencies and energies add up, the largest memory counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw_specs import SpecError, parse_quantity
from simulator.whatif.study.designs import DesignGroup, SampledDesigns
from simulator.whatif.study.evaluation import Evaluator, columns_of, figure_units
from simulator.whatif.study.file import StudyError, Value
from simulator.whatif.study.study import Study

__all__ = ["OBJECTIVES", "Front", "search"]

FloatArray = NDArray[np.float64]

#: Figures that can be best, and whether the least or the most of them is.
OBJECTIVES: Mapping[str, float] = {"latency": 1.0, "energy": 1.0, "peak_memory": 1.0, "cost": 1.0, "throughput": -1.0}

# In place of the figures of designs that have none: nothing is worse.
_WORST = 1e30


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Front:
    """Designs that no other one found is better than.

    Attributes
    ----------
    study : Study
    fields : mapping of str to ndarray
        Values of the fields, one a design; best in the first objective first.
    figures : mapping of str to ndarray
    groups : tuple of DesignGroup
        The designs, by what they have in common.
    tried : int
        Designs that were computed.
    starts : mapping of str to mapping of str to float
        Figures of the accelerators that designs start from, as they are and with the settings that all designs have.
    """

    study: Study
    fields: Mapping[str, NDArray[Any]]
    figures: Mapping[str, FloatArray]
    groups: tuple[DesignGroup, ...]
    tried: int
    starts: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Number of designs."""
        return len(self.figures["latency"])


def search(study: Study, *, progress: Callable[[int, int], None] | None = None) -> Front:
    """Pareto front of a study.

    Parameters
    ----------
    study : Study
        Loaded for a search (:func:`simulator.whatif.study.study.load_study`).
    progress : callable, optional
        Told after each generation how many there were, and how many there will be.

    Raises
    ------
    StudyError
        An objective or a constraint is none.
    """
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.optimize import minimize

    wanted, designs = study.file.search, study.designs
    if not isinstance(designs, SampledDesigns):
        raise StudyError(("a search takes fields, not designs one by one",))
    limits = _limits(study)
    evaluator = Evaluator(study=study)
    problem = _problem(lambda points: _figures_at(evaluator, designs, points), wanted.objectives, limits, _width(study))
    algorithm = NSGA2(
        pop_size=wanted.population, sampling=designs.points(0, wanted.population), eliminate_duplicates=True
    )
    found = minimize(
        problem,
        algorithm,
        ("n_gen", wanted.generations),
        seed=study.file.sampling.seed,
        callback=lambda algorithm: progress and progress(int(algorithm.n_gen), wanted.generations),
        verbose=False,
    )
    return _front(study, evaluator, designs, found.X, int(found.algorithm.evaluator.n_eval))


def _width(study: Study) -> int:
    return len(study.numbers) + len(study.settings)


def _problem(
    figures_at: Callable[[FloatArray], Mapping[str, FloatArray]],
    objectives: tuple[str, ...],
    limits: tuple[tuple[str, float, float], ...],
    width: int,
) -> Any:
    """The search as pymoo takes it: all points of a generation at once."""
    from pymoo.core.problem import Problem

    class Designs(Problem):  # type: ignore[misc]
        """Objectives and constraints of points of the unit cube."""

        def __init__(self) -> None:
            """Of as many coordinates as there are fields."""
            super().__init__(n_var=width, n_obj=len(objectives), n_ieq_constr=len(limits) + 1, xl=0.0, xu=1.0)

        def _evaluate(self, points: FloatArray, out: dict[str, FloatArray], *_: Any, **__: Any) -> None:
            figures = figures_at(points)
            failed = np.any([np.isnan(figures[name]) for name in objectives], axis=0)
            best = np.column_stack([OBJECTIVES[name] * figures[name] for name in objectives])
            out["F"] = np.where(failed[:, None], _WORST, best)
            beyond = [sign * (figures[name] / bound - 1.0) for name, sign, bound in limits]
            held = np.column_stack([np.where(failed, 1.0, -1.0), *beyond])
            out["G"] = np.where(np.isnan(held), 1.0, held)

    return Designs()


def _figures_at(evaluator: Evaluator, designs: SampledDesigns, points: FloatArray) -> dict[str, FloatArray]:
    """Figures of the designs at some points, of all models together."""
    return _together(evaluator, list(designs.at(points)), len(points))


#: Figures of runs one after another that are the sum of theirs; ends of intervals as if all erred alike.
_SUMS = ("latency", "latency_low", "latency_high", "energy")


def _together(evaluator: Evaluator, groups: list[DesignGroup], count: int) -> dict[str, FloatArray]:
    """Figures of some designs, of all models together."""
    every = [evaluator.evaluate(model, groups, count).figures for model in evaluator.study.file.models]
    together = {name: np.sum([figures[name] for figures in every], axis=0) for name in _SUMS}
    together["peak_memory"] = np.max([figures["peak_memory"] for figures in every], axis=0)
    together["throughput"] = 1.0 / np.sum([1.0 / figures["throughput"] for figures in every], axis=0)
    together["fits"] = np.min([figures["fits"] for figures in every], axis=0)
    if "cost" in every[0]:
        together["cost"] = every[0]["cost"]
    return together


def _limits(study: Study) -> tuple[tuple[str, float, float], ...]:
    """Constraints as figure, sign and bound, after a look at all of them and at the objectives. [SI]"""
    wanted, units = study.file.search, figure_units(study)
    known = [name for name in OBJECTIVES if name in units]
    complaints = [
        f"search.objectives: {name!r} is none here; valid: {', '.join(known)}"
        + (" (cost needs a price in the accelerator's file)" if name == "cost" else "")
        for name in wanted.objectives
        if name not in known
    ]
    found = list[tuple[str, float, float]]()
    for name, limit in wanted.constraints.items():
        if name not in known and name != "fits":
            complaints.append(f"search.constraints.{name}: no figure; valid: {', '.join((*known, 'fits'))}")
            continue
        for sign, value in ((1.0, limit.below), (-1.0, limit.above)):
            if value is None:
                continue
            try:
                found.append((name, sign, _bound(value, units[name])))
            except SpecError as error:
                complaints.append(f"search.constraints.{name}: {error}")
    if complaints:
        raise StudyError(tuple(complaints))
    return tuple(found)


def _bound(value: Value, unit: str) -> float:
    """Bound of a constraint, as a number in SI. Raises SpecError."""
    text = str(value)
    dimensioned = unit in ("s", "J", "B")
    bound = parse_quantity(text, unit=unit) if dimensioned else parse_quantity(text, unit="1")
    if bound <= 0:
        raise SpecError(f"{text!r} is not positive; give a value above 0")
    return bound


def _front(study: Study, evaluator: Evaluator, designs: SampledDesigns, points: Any, tried: int) -> Front:
    """Designs at the points of the front, best in the first objective first."""
    points = np.zeros((0, _width(study))) if points is None else np.atleast_2d(points)
    if not len(points):
        empty = {name: np.zeros(0) for name in figure_units(study)}
        return Front(study=study, fields={}, figures=empty, groups=(), tried=tried)
    figures = _figures_at(evaluator, designs, points)
    best = np.column_stack([OBJECTIVES[name] * figures[name] for name in study.file.search.objectives])
    # Points of one choice are one design; rows are in order, by the first objective first.
    _, order = np.unique(best, axis=0, return_index=True)
    groups = list(designs.at(points[order]))
    return Front(
        study=study,
        fields=columns_of(study, groups, len(order)),
        figures=_figures_at(evaluator, designs, points[order]),
        groups=tuple(groups),
        tried=tried,
        starts=dict(_starts(evaluator)),
    )


def _starts(evaluator: Evaluator) -> Iterator[tuple[str, dict[str, float]]]:
    """Figures of each accelerator that designs start from."""
    for base in evaluator.study.bases:
        group = DesignGroup(rows=np.zeros(1, dtype=np.int64), base=base, settings={}, numbers={})
        yield base, {name: values.item() for name, values in _together(evaluator, [group], 1).items()}
