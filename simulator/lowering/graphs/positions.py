"""Launch positions of a lowered graph as reports group them: by stage, by category and by module, with their work."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.kernels.kernel import FloatArray
from tracer.graph import IndexArray

from .categories import CATEGORIES
from .launches import Launches, StageLaunches

__all__ = ["VIEWS", "Positions", "chosen_kernels", "chosen_rows", "positions_of"]

#: Names of the views as fields of a report.
VIEWS = ("by_stage", "by_category", "by_module")

Parts = Mapping[str, NDArray[np.int64]]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Positions:
    """Launch positions of all stages in order, repeats summed.

    Attributes
    ----------
    views : mapping of str to mapping
        Name of the view, of :data:`VIEWS`, to the positions of each of its parts; each has all positions once.
    flops, bytes : ndarray, shape (num_positions,)
        Of products, convolutions and attention, and compulsory traffic, in all repeats. [FLOP], [B]
    work : mapping of str to mapping
        Name of the view to FLOPs and bytes of each of its parts.
    """

    views: Mapping[str, Parts]
    flops: FloatArray
    bytes: FloatArray
    work: Mapping[str, Mapping[str, tuple[float, float]]]


@functools.lru_cache(maxsize=8)
def positions_of(launches: Launches, module_depth: int = 3) -> Positions:
    """Positions of a lowered graph; those of the last few are kept.

    Parameters
    ----------
    launches : Launches
    module_depth : int
        Parts of a module path that tell modules apart.
    """
    stages = launches.stages
    views = {
        "by_stage": _grouped(s.stage.name for s in stages for _ in s.calls),
        "by_category": _in_order(_grouped(name for s in stages for name in s.categories)),
        "by_module": _grouped(name for s in stages for name in _module_names(launches, s, module_depth)),
    }
    flops = _repeated(launches, launches.kernels.matrix_flops)
    nbytes = _repeated(launches, launches.kernels.bytes)
    work = {
        view: {name: (float(flops[at].sum()), float(nbytes[at].sum())) for name, at in parts.items()}
        for view, parts in views.items()
    }
    return Positions(views=views, flops=flops, bytes=nbytes, work=work)


def _repeated(launches: Launches, amount: FloatArray) -> FloatArray:
    """Something of each kernel at each launch position, repeats summed."""
    parts = [amount[stage.rows].sum(axis=0) * stage.launches_per_variant for stage in launches.stages]
    return np.concatenate([*parts, np.zeros(0)])


def _module_names(launches: Launches, stage: StageLaunches, depth: int) -> list[str]:
    short = [".".join(name.split(".")[:depth]) for name in launches.graph.modules]
    return [short[module] for module in stage.stage.modules[stage.calls].tolist()]


def _grouped(keys: Iterable[str]) -> Parts:
    """Positions of each key, keys in the order of their first position."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for position, key in enumerate(keys):
        found[key].append(position)
    return {name: np.array(at, dtype=np.int64) for name, at in found.items()}


def _in_order(parts: Parts) -> Parts:
    return {name: parts[name] for name in CATEGORIES if name in parts}


def chosen_rows(stage: StageLaunches) -> IndexArray:
    """Kernels of the first, middle and last variant of a stage: what holds back those between is not much else."""
    return stage.rows[sorted({0, len(stage.rows) // 2, len(stage.rows) - 1})]


@functools.lru_cache(maxsize=8)
def chosen_kernels(launches: Launches) -> IndexArray:
    """Distinct kernels of :func:`chosen_rows` of all stages."""
    wanted = [chosen_rows(stage).ravel() for stage in launches.stages]
    return np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *wanted]))
