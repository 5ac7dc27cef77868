"""Memory of the device over a run: weights, activations and workspaces at each call of every stage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.schedule.offload import resident_bytes
from simulator.schedule.peak_memory import memory_of_calls
from simulator.simulation import Simulation
from tracer.graph import IndexArray

__all__ = ["StageMemory", "memory_over_run"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StageMemory:
    """Memory over one run of a stage, of its last where it grows.

    Attributes
    ----------
    stage : str
    share : ndarray, shape (num_points,)
        Part of the stage's calls that are done. [1]
    weights : int
        On the device during the stage. [B]
    activations, workspaces : ndarray of int, shape (num_points,)
        [B]
    """

    stage: str
    share: np.ndarray[tuple[int], np.dtype[np.float64]]
    weights: int
    activations: IndexArray
    workspaces: IndexArray

    @property
    def total(self) -> IndexArray:
        """All that the framework's allocator counts, shape (num_points,). [B]"""
        total: IndexArray = self.weights + self.activations + self.workspaces
        return total


def memory_over_run(simulation: Simulation, most: int = 400) -> list[StageMemory]:
    """Memory of every stage; of longer stages the highest of some calls in a row, `most` points in all."""
    graph, execution = simulation.launches.graph, simulation.launches.execution
    found = []
    for stage in graph.stages:
        if not stage.num_calls:
            continue
        alive, workspaces = memory_of_calls(graph, stage, execution)
        at = _highest(alive + workspaces, most)
        found.append(
            StageMemory(
                stage=stage.name,
                share=(at + 0.5) / stage.num_calls,
                weights=resident_bytes(graph, stage, execution),
                activations=alive[at],
                workspaces=workspaces[at],
            )
        )
    return found


def _highest(values: IndexArray, most: int) -> IndexArray:
    """Positions of the highest of each of at most so many groups of neighbours."""
    groups = np.array_split(np.arange(len(values)), min(most, len(values)))
    return np.array([group[values[group].argmax()] for group in groups], dtype=np.int64)
