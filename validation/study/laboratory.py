"""Graphs and simulations of the study, each made once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hw_specs import Accelerator, CalibrationPool, load_accelerator
from simulator.cost.model import Fidelity
from simulator.execution import Execution
from simulator.simulation import Simulation, simulate
from tracer.graph import OpGraph
from tracer.library.graphs import graph_of

from .pseudo_3d_layers import LayerSite, layers_graph
from .study import Attention, LatentImages, Study, StudyError, StudyModel

__all__ = ["Laboratory", "Progress"]

Progress = Callable[[str], None]


class Laboratory:
    """Makes and keeps the graphs and simulations that the tables of the study are computed from.

    Parameters
    ----------
    study : Study
        What is made again.
    progress : callable, optional
        Called with a line of text before each piece of work that takes time.
    fidelity : {"calibrated", "roofline"}
        As in :func:`simulator.simulation.simulate`.
    """

    def __init__(
        self,
        study: Study,
        *,
        progress: Progress | None = None,
        fidelity: Fidelity = "calibrated",
    ) -> None:
        """Start with nothing made."""
        self.study = study
        self.accelerator: Accelerator = load_accelerator(study.accelerator)
        self.fidelity = fidelity
        self._progress = progress
        self._graphs: dict[tuple[object, ...], OpGraph] = {}
        self._simulations: dict[tuple[int, str], Simulation] = {}

    @property
    def latent_images(self) -> LatentImages:
        """Case for the sections that vary the size of an image.

        Raises
        ------
        StudyError
            The study names none.
        """
        if self.study.latent_images is None:
            raise StudyError("sections on image sizes need latent_images in the study")
        return self.study.latent_images

    @property
    def image_model(self) -> StudyModel:
        """Model whose images are made larger and larger."""
        return self.study.model(self.latent_images.model)

    @property
    def video_model(self) -> StudyModel:
        """Model for the sections on attention over time.

        Raises
        ------
        StudyError
            The study names none.
        """
        if self.study.video is None:
            raise StudyError("sections on attention over time need video in the study")
        return self.study.model(self.study.video)

    @property
    def ridge(self) -> float:
        """Intensity at which 16-bit matrix units and DRAM take equally long. [FLOP/B]"""
        part = self.accelerator
        if part.memory.dram.bandwidth is None or "fp16" not in part.peak.matrix:
            raise StudyError(f"{part.name} has no matrix peak in fp16 or no DRAM bandwidth, which a ridge needs")
        return part.peak.matrix["fp16"] / part.memory.dram.bandwidth

    def say(self, line: str) -> None:
        """Report what is about to be done."""
        if self._progress is not None:
            self._progress(line)

    def graph(self, model: StudyModel, **changes: object) -> OpGraph:
        """Graph of a model at the study's settings, with some fields of the workload changed."""
        changes = {**model.settings, **changes}
        key = (model.workload, *sorted(changes.items()))
        if key not in self._graphs:
            shown = ", ".join(f"{name} {value}" for name, value in changes.items())
            self.say(f"graph of {model.name}" + (f" ({shown})" if shown else ""))
            self._graphs[key] = graph_of(model.workload, changes)
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
