"""Figures of designs: one row a design and model, failures with their reason among them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, apply_overrides, changeable_paths
from hw_specs.overrides import present_numbers, with_followers
from hw_specs.price import price_terms
from simulator.user_errors import USER_ERRORS
from simulator.variants import FIGURES, VariantRun
from simulator.whatif.setups import Setup, setup_of

from .designs import DesignGroup
from .fields import NumberField
from .file import Value
from .study import Study

__all__ = ["BOUNDS", "Evaluation", "Evaluator", "columns_of", "figure_units"]

FloatArray = NDArray[np.float64]

#: Shares of the latency by what holds it back, where a study asks for them.
BOUNDS = ("compute", "memory", "launch", "host", "power", "occupancy", "link")

# Lowered workloads that are kept: those of all settings of a study, unless there are very many.
_KEPT = 64
# Designs of one workload from which on compiled code saves more than recording their formulas takes, half a second.
_MANY = 512


def figure_units(study: Study) -> dict[str, str]:
    """Figures of a row with their units, in order."""
    priced = [base.accelerator.price for base in study.bases.values() if base.accelerator.price is not None]
    cost = {"cost": priced[0].currency or "1"} if priced else {}
    bounds = {f"bound_{name}": "1" for name in BOUNDS} if "bound" in study.file.outputs else {}
    return {**FIGURES, **cost, **bounds}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Evaluation:
    """Rows of some designs on one model.

    Attributes
    ----------
    figures : mapping of str to ndarray
        NaN of designs that failed.
    failure : ndarray of object
        Reason in one line, None of designs that did not fail.
    """

    figures: Mapping[str, FloatArray]
    failure: NDArray[np.object_]


@dataclass(slots=True, eq=False)
class Evaluator:
    """Figures of the designs of one study; keeps what designs have in common from one chunk to the next.

    Threads may share one: what is read and lowered is so by one of them at a time, since decoders of files are not made
    for more.
    """

    study: Study
    _lock: Lock = field(default_factory=Lock)
    _runs: OrderedDict[tuple[object, ...], VariantRun | str] = field(default_factory=OrderedDict)
    _present: dict[str, dict[str, float]] = field(default_factory=dict)

    def evaluate(self, model: str, groups: Iterator[DesignGroup] | list[DesignGroup], count: int) -> Evaluation:
        """Rows of some designs."""
        figures = {name: np.full(count, np.nan) for name in figure_units(self.study)}
        failure = np.full(count, None, dtype=object)
        for group in groups:
            for rows, found in self._of_group(model, group):
                if isinstance(found, str):
                    failure[rows] = found
                    continue
                for name, values in found.items():
                    figures[name][rows] = values
        return Evaluation(figures=figures, failure=failure)

    def _of_group(
        self, model: str, group: DesignGroup
    ) -> Iterator[tuple[NDArray[np.int64], Mapping[str, FloatArray] | str]]:
        """Figures, or the reason why there are none, of rows of a group.

        A design whose numbers are those of the accelerator that it starts from is that one, with what was measured
        on it.
        """
        present, chosen = self._numbers(group.base), group.numbers
        moved = np.zeros(len(group.rows), dtype=np.bool_)
        for path, values in chosen.items():
            moved |= values != present.get(path, np.nan)
        for is_moved in (False, True):
            at = np.flatnonzero(moved == is_moved)
            if at.size:
                numbers = {path: values[at] for path, values in chosen.items()} if is_moved else {}
                yield group.rows[at], self._figures(model, group, numbers, len(at))

    def _numbers(self, base: str) -> dict[str, float]:
        """Numbers of an accelerator that designs start from, by path."""
        if base not in self._present:
            self._present[base] = present_numbers(self.study.bases[base].accelerator)
        return self._present[base]

    def _figures(
        self, model: str, group: DesignGroup, numbers: Mapping[str, FloatArray], count: int
    ) -> dict[str, FloatArray] | str:
        run = self._run(model, replace(group, numbers=numbers))
        if isinstance(run, str):
            return run
        if not numbers:
            every = dict[str, FloatArray | float]()
            figures = {name: np.full(count, values[0]) for name, values in run.as_it_is().items()}
        else:
            every = with_followers(self._numbers(group.base), numbers)
            figures = run.figures(every, count)
        return figures | _cost(run.accelerator, every, count) | self._asked(model, group, numbers, count)

    def _representative(self, group: DesignGroup, at: int = 0) -> Accelerator:
        """One of some designs as an accelerator."""
        part = self.study.bases[group.base].accelerator
        return apply_overrides(part, group.changes(at, changeable_paths(part)))

    def _run(self, model: str, group: DesignGroup) -> VariantRun | str:
        """Lowered workload of a group, or the reason why it has none."""
        key = (model, group.base, *sorted(group.settings.items()), tuple(sorted(group.numbers)))
        with self._lock:
            if key not in self._runs:
                self._runs[key] = self._lowered_or_not(model, group, self._representative(group))
            self._runs.move_to_end(key)
            while len(self._runs) > _KEPT:
                self._runs.popitem(last=False)
            return self._runs[key]

    def _lowered_or_not(self, model: str, group: DesignGroup, changed: Accelerator) -> VariantRun | str:
        try:
            return self._lowered(self._setup(model, group, changed))
        except USER_ERRORS as error:
            return " ".join(str(error).split())

    def _setup(self, model: str, group: DesignGroup, accelerator: Accelerator) -> Setup:
        chosen: dict[str, Value] = {**self._common(), **group.settings}
        return setup_of(model, accelerator, self.study.bases[group.base].calibrations, chosen)

    def _common(self) -> dict[str, Value]:
        return {name.replace("-", "_"): value for name, value in self.study.file.settings.items()}

    def _lowered(self, setup: Setup) -> VariantRun:
        return VariantRun.of(
            setup.graph(),
            setup.accelerator,
            setup.execution,
            setup.calibrations,
            host=setup.host,
            fidelity=self.study.file.fidelity,
            many=self._are_many(),
        )

    def _are_many(self) -> bool:
        """Whether so many designs share a workload that it is worth compiled code; the same for every chunk."""
        return len(self.study.designs) >= _MANY * prod(field.levels for field in self.study.settings)

    def _asked(
        self, model: str, group: DesignGroup, numbers: Mapping[str, FloatArray], count: int
    ) -> dict[str, FloatArray]:
        """Figures that take a whole simulation of each design."""
        if "bound" not in self.study.file.outputs:
            return {}
        found = [self._bounds(model, group, numbers, at) for at in range(count if numbers else 1)]
        return {f"bound_{name}": np.array([shares[name] for shares in found]) for name in BOUNDS}

    def _bounds(self, model: str, group: DesignGroup, numbers: Mapping[str, FloatArray], at: int) -> dict[str, float]:
        setup = self._setup(model, group, self._representative(replace(group, numbers=numbers), at))
        with self._lock:
            bound = setup.simulated(self.study.file.fidelity).report.bound
        return {name: float(getattr(bound, name)) for name in BOUNDS}


def _cost(changed: Accelerator, numbers: Mapping[str, Any], count: int) -> dict[str, FloatArray]:
    """Price of each design, where the accelerator has one."""
    if changed.price is None:
        return {}
    every = present_numbers(changed) | dict(numbers)
    total = np.full(count, changed.price.base)
    for path, coefficient in price_terms(changed).items():
        total = total + coefficient * every[path]
    return {"cost": total}


def columns_of(study: Study, groups: list[DesignGroup], count: int) -> dict[str, NDArray[Any]]:
    """Values of the fields of some designs; NaN, or None, where a design leaves the field as it is."""
    columns = dict[str, NDArray[Any]]()
    for each in study.fields:
        if isinstance(each, NumberField):
            column: NDArray[Any] = np.full(count, np.nan)
            for group in groups:
                if all(path in group.numbers for path in each.axes[group.base]):
                    column[group.rows] = each.shown(group.base, group.numbers)
        else:
            column = np.full(count, None, dtype=object)
            for group in groups:
                own = group.base if each.name == "hw" else group.settings.get(each.name)
                column[group.rows] = own
        columns[each.name] = column
    return columns
