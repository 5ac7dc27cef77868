"""Graphs and simulations of the study, each made once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from hw_specs import Accelerator, CalibrationPool, load_accelerator
from simulator.cost.model import Fidelity
from simulator.execution import Execution
from simulator.simulation import Simulation, simulate
from tracer.graph import OpGraph
from tracer.storage.library import graph_of

from .pseudo_3d_layers import LayerSite, layers_graph
from .suite import ACCELERATOR, FULL, Attention, StudyModel, StudySettings

__all__ = ["Laboratory", "Progress"]

Progress = Callable[[str], None]


class Laboratory:
    """Makes and keeps the graphs and simulations that the tables of the study are computed from.

    Parameters
    ----------
    settings : StudySettings
    progress : callable, optional
        Called with a line of text before each piece of work that takes time.
    fidelity : {"calibrated", "roofline"}
        As in :func:`simulator.simulation.simulate`.
    """

    def __init__(
        self,
        settings: StudySettings = FULL,
        *,
        progress: Progress | None = None,
        fidelity: Fidelity = "calibrated",
    ) -> None:
        """Start with nothing made."""
        self.settings = settings
        self.accelerator: Accelerator = load_accelerator(ACCELERATOR)
        self.fidelity = fidelity
        self._progress = progress
        self._graphs: dict[tuple[object, ...], OpGraph] = {}
        self._simulations: dict[tuple[int, str], Simulation] = {}

    def say(self, line: str) -> None:
        """Report what is about to be done."""
        if self._progress is not None:
            self._progress(line)

    def graph(self, model: StudyModel, **changes: object) -> OpGraph:
        """Graph of a model at the study's settings, with some fields of the workload changed."""
        settings: Mapping[str, object] = {**model.settings, **changes}
        key = (model.workload, *sorted(settings.items()))
        if key not in self._graphs:
            shown = ", ".join(f"{name} {value}" for name, value in settings.items())
            self.say(f"graph of {model.name}" + (f" ({shown})" if shown else ""))
            self._graphs[key] = graph_of(model.workload, settings)
        return self._graphs[key]

    def layers(self, sites: Sequence[LayerSite], *, num_frames: int, videos: int, dtype: str) -> OpGraph:
        """Graph of single pseudo-3D attention layers."""
        key = (*sites, num_frames, videos, dtype)
        if key not in self._graphs:
            self.say(f"attention layers of {num_frames} frames, {', '.join(site.name for site in sites)}")
            self._graphs[key] = layers_graph(sites, num_frames=num_frames, videos=videos, dtype=dtype)
        return self._graphs[key]

    def simulation(self, graph: OpGraph, attention: Attention) -> Simulation:
        """Simulation of a graph on the study's accelerator, eager, with one kind of attention."""
        key = (id(graph), attention)  # A kept simulation holds its graph, so that the identity stays taken.
        if key not in self._simulations:
            execution = Execution(attention=attention)
            self._simulations[key] = simulate(
                graph, self.accelerator, execution, calibrations=CalibrationPool.shipped(), fidelity=self.fidelity
            )
        return self._simulations[key]
