"""Lowered designs that a page asks for, kept from one change of a number to the next; graphs that are traced first.

A change of numbers needs neither a new graph nor new kernels. A graph that is neither bundled nor in the cache is
traced in a thread of its own, and who asks meanwhile is told what is being traced.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import RLock
from typing import TypeVar

from hw_specs import Accelerator, CalibrationPool, apply_overrides, load_accelerator
from hw_specs.overrides import changed_numbers, present_numbers
from simulator.calibrations import calibration_pool
from simulator.simulation import Simulation, simulate
from simulator.whatif.setups import Setup, setup_of
from tracer.graph import OpGraph
from tracer.library.graphs import graph_of

from .design import Design, Offer
from .figures import Figures, LoweredDesign

__all__ = ["Base", "NotReadyError", "Workshop"]

Value = TypeVar("Value")

# What is kept of each kind, the last ones that were asked for.
_BASES, _GRAPHS, _LOWERED, _SIMULATIONS = 16, 12, 24, 4
# How long an answer waits for a graph that an earlier one has not waited for, while others wait for this one. [s]
_IMPATIENCE = 0.02


class NotReadyError(Exception):
    """The graph of a design is being made; the message says how far it is."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Base:
    """An accelerator that designs start from.

    Attributes
    ----------
    name : str
        As :func:`hw_specs.load_accelerator` takes it.
    accelerator : Accelerator
    calibrations : CalibrationPool
    numbers : mapping of str to float
        By path. [SI]
    """

    name: str
    accelerator: Accelerator
    calibrations: CalibrationPool
    numbers: dict[str, float]

    @classmethod
    def of(cls, name: str) -> Base:
        """Of a name or a file. Raises as :func:`hw_specs.load_accelerator`."""
        part = load_accelerator(name)
        return cls(
            name=name, accelerator=part, calibrations=calibration_pool(name, part), numbers=present_numbers(part)
        )


@dataclass(slots=True, eq=False)
class _Job:
    """A graph that is being made."""

    future: Future[OpGraph]
    begun: float = field(default_factory=time.monotonic)
    stage: str = ""

    def progress(self) -> str:
        """What is being done, and for how long."""
        begun = "making ready to trace" if self.future.running() else "waiting for another trace"
        what = f"tracing {self.stage}" if self.stage else begun
        return f"{what}, {time.monotonic() - self.begun:.0f} s"


@dataclass(slots=True, eq=False)
class Workshop:
    """Designs of one page, one computation at a time.

    Attributes
    ----------
    offer : Offer
    patience : float
        How long an answer waits for a graph before it says that one is being made. [s]
    """

    offer: Offer
    patience: float = 0.3
    _lock: RLock = field(default_factory=RLock)
    _tracer: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="tracer"))
    _jobs: dict[Hashable, _Job] = field(default_factory=dict)
    _kept: dict[str, OrderedDict[Hashable, object]] = field(default_factory=dict)

    def base(self, design: Design) -> Base:
        """Accelerator that a design starts from. Raises as :meth:`Base.of`."""
        name = self.offer.accelerators[design.hw]
        return self._once("base", name, lambda: Base.of(name), _BASES)

    def chosen(self, design: Design) -> dict[str, float]:
        """Numbers that a design changes, those that are as they were left out. Raises as ``apply_overrides``."""
        base = self.base(design)

        def found() -> dict[str, float]:
            every = changed_numbers(base.accelerator, design.changes) if design.changes else {}
            return {path: value for path, value in every.items() if base.numbers.get(path) != value}

        return self._once("chosen", (base.name, design.changes), found, _BASES)

    def setup(self, design: Design) -> Setup:
        """What a design runs. Raises as :func:`simulator.whatif.setups.setup_of`."""
        base = self.base(design)
        changed = apply_overrides(base.accelerator, design.changes)
        return setup_of(self.offer.models[design.model], changed, base.calibrations, dict(design.settings))

    def lowered(self, design: Design) -> LoweredDesign:
        """Lowered workload of a design, which those share that differ in numbers alone.

        Raises
        ------
        NotReadyError
            Its graph is being traced.
        """
        paths = tuple(sorted(self.chosen(design)))
        key = (design.model, design.hw, design.settings, paths)
        return self._once("lowered", key, lambda: self._lowered(design), _LOWERED)

    def figures(self, design: Design) -> Figures:
        """Figures of a design. Raises as :meth:`lowered`."""
        lowered, chosen = self.lowered(design), self.chosen(design)
        with self._lock:
            return lowered.figures(chosen)

    def simulation(self, design: Design) -> Simulation:
        """The whole simulation of a design. Raises as :meth:`lowered` and :func:`simulator.simulate`."""
        key = (design.model, design.hw, design.settings, design.changes)
        return self._once("simulation", key, lambda: self._simulated(self.setup(design)), _SIMULATIONS)

    def simulated(self, setup: Setup) -> Simulation:
        """That of a setup, which is not kept."""
        with self._lock:
            return self._simulated(setup)

    def _lowered(self, design: Design) -> LoweredDesign:
        setup = self.setup(design)
        return LoweredDesign.of(setup, self._graph(setup), self.base(design).numbers)

    def _simulated(self, setup: Setup) -> Simulation:
        graph = self._graph(setup)
        return simulate(graph, setup.accelerator, setup.execution, calibrations=setup.calibrations, host=setup.host)

    def _graph(self, setup: Setup) -> OpGraph:
        """Graph of a setup; what traces it goes on where an answer does not wait for it."""
        key = (setup.model, tuple(setup.settings.items()))
        kept = self._kept.setdefault("graph", OrderedDict())
        if key in kept:
            return self._once("graph", key, lambda: kept[key], _GRAPHS)  # type: ignore[return-value]
        patience = _IMPATIENCE if key in self._jobs else self.patience
        if key not in self._jobs:
            self._drop_waiting()
            self._jobs[key] = self._begun(setup)
        job = self._jobs[key]
        try:
            graph = job.future.result(patience)
        except TimeoutError as error:
            raise NotReadyError(job.progress()) from error
        finally:
            if job.future.done():
                self._jobs.pop(key, None)
        return self._once("graph", key, lambda: graph, _GRAPHS)

    def _begun(self, setup: Setup) -> _Job:
        job = _Job(Future())

        def stage(name: str) -> None:
            job.stage = name

        job.future = self._tracer.submit(graph_of, setup.model, setup.settings, progress=stage)
        return job

    def _drop_waiting(self) -> None:
        """Forget graphs that nobody has begun with: whoever still wants one asks again."""
        for key in [key for key, job in self._jobs.items() if job.future.cancel()]:
            del self._jobs[key]

    def _once(self, kind: str, key: Hashable, make: Callable[[], Value], most: int) -> Value:
        """Something that is made once, and kept while it is among the last that were asked for."""
        with self._lock:
            kept = self._kept.setdefault(kind, OrderedDict())
            if key not in kept:
                kept[key] = make()
            kept.move_to_end(key)
            while len(kept) > most:
                kept.popitem(last=False)
            return kept[key]  # type: ignore[return-value]
