"""Factors of the intervals of projections, and their coverage on accelerators that they had not seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulator.uncertainty.projections import ProjectionFactors, projection_interval
from simulator.uncertainty.ratios import RatioFactor
from validation.errors.projected_runs import ProjectedRun
from validation.fitting.intervals.ratios import ScoredRatio, accelerator_factor

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["ProjectionCoverage", "coverage_of", "fit_projection_factors", "render_coverage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectionCoverage:
    """How the intervals that ship hold some projections.

    Attributes
    ----------
    kind : str
    runs, pairs : int
        Sums of calls, and pairs of accelerators.
    coverage : float
        Share inside, each pair of accelerators alike.
    error, half_width : float
        Medians of the absolute logarithm of projected over measured time, and of that of an end of the interval. [1]
    """

    kind: str
    runs: int
    pairs: int
    coverage: float
    error: float
    half_width: float


def fit_projection_factors(runs: Iterable[ProjectedRun], *, level: float = 0.8) -> ProjectionFactors:
    """Factors of accelerators of one architecture and of different ones; each pair of accelerators counts alike.

    Raises
    ------
    ValueError
        Too few accelerators for a finite factor when one pair is left out.
    """
    runs = list(runs)
    return ProjectionFactors(
        level=level,
        apart=_factor([r for r in runs if not r.alike], level, unseen=1),
        # So few pairs are of one architecture that none can be counted outside.
        alike=_factor([r for r in runs if r.alike], level, unseen=0),
    )


def _factor(runs: Sequence[ProjectedRun], level: float, *, unseen: int) -> RatioFactor:
    scored = [
        ScoredRatio(accelerators=tuple(sorted((r.source, r.target))), error=r.error, variance=r.variance) for r in runs
    ]
    factor = accelerator_factor(scored, level, unseen=unseen)
    if factor is None:
        raise ValueError("intervals of projections need calls measured on more accelerators")
    return factor


def coverage_of(runs: Iterable[ProjectedRun]) -> list[ProjectionCoverage]:
    """Coverage of the intervals that ship, of all and by what is known of the target."""
    runs = list(runs)
    kinds = {
        "all": runs,
        "target calibrated": [r for r in runs if not r.withheld],
        "target never measured": [r for r in runs if r.withheld],
        "other architecture": [r for r in runs if not r.alike],
        "same architecture": [r for r in runs if r.alike],
    }
    return [_coverage(kind, some) for kind, some in kinds.items() if some]


def _coverage(kind: str, runs: Sequence[ProjectedRun]) -> ProjectionCoverage:
    widths = [float(np.log(projection_interval(r.variance, alike=r.alike).high)) for r in runs]
    inside: dict[tuple[str, str], list[bool]] = {}
    for run, width in zip(runs, widths, strict=True):
        inside.setdefault((run.source, run.target), []).append(abs(run.error) <= width)
    return ProjectionCoverage(
        kind=kind,
        runs=len(runs),
        pairs=len(inside),
        coverage=float(np.mean([np.mean(each) for each in inside.values()])),
        error=float(np.median([abs(r.error) for r in runs])),
        half_width=float(np.median(widths)),
    )


def render_coverage(coverage: Iterable[ProjectionCoverage], console: Console) -> None:
    """Print how often intervals hold, and what they were counted on."""
    from rich.table import Table

    console.print(
        "sums of calls measured on both devices, projected from one to the other: how many lie in their 80 % interval",
        highlight=False,
    )
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("sums", no_wrap=True)
    for column in ("number", "pairs", "inside", "median error", "half width"):
        table.add_column(column, justify="right")
    for c in coverage:
        shares = (f"{share:.1%}" for share in (c.coverage, c.error, c.half_width))
        table.add_row(c.kind, str(c.runs), str(c.pairs), *shares)
    console.print(table)
