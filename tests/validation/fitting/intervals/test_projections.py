"""Factors of the intervals of projections."""

from __future__ import annotations

import math

import numpy as np
import pytest
from rich.console import Console

from simulator.uncertainty.projections import projection_interval
from validation.errors.projected_runs import ProjectedRun
from validation.fitting.intervals.projections import coverage_of, fit_projection_factors, render_coverage


def _run(source: str, target: str, error: float, *, alike: bool = False, withheld: bool = False) -> ProjectedRun:
    return ProjectedRun(
        source=source,
        target=target,
        calls=5,
        measured_source=1.0,
        measured=1.0,
        projected=math.exp(error),
        variance=0.01,
        alike=alike,
        withheld=withheld,
    )


def _runs() -> list[ProjectedRun]:
    """Normal errors of the deviation that is known, between 8 devices, and half of it between two alike pairs."""
    random = np.random.default_rng(3)
    pairs = [(f"a{i}", f"b{j}") for i in range(4) for j in range(4)]
    runs = [_run(*pair, float(e)) for pair in pairs for e in random.normal(0, 0.1, 60)]
    alike = [("c", "d"), ("e", "f")]
    return runs + [_run(*pair, float(e), alike=True) for pair in alike for e in random.normal(0, 0.05, 60)]


def test_normal_errors_give_the_quantile_of_the_normal_distribution() -> None:
    factors = fit_projection_factors(_runs())
    width = factors.apart.half_width(0.1)
    # 80 % of a normal distribution; 16 of 17 groups count as seen, so that its 85 % are asked for.
    assert width == pytest.approx(0.1 * 1.44, rel=0.1)
    assert 0.78 < factors.apart.coverage < 0.92
    assert factors.alike.half_width(0.1) == pytest.approx(0.05 * 1.28, rel=0.15)
    assert factors.of(alike=True) is factors.alike


def test_pairs_of_two_devices_alone_are_too_few() -> None:
    with pytest.raises(ValueError, match="more accelerators"):
        fit_projection_factors([_run("a", "b", 0.1), _run("c", "d", 0.1, alike=True)])


def test_coverage_counts_every_pair_alike() -> None:
    inside = math.log(projection_interval(0.01, alike=False).high)
    runs = [_run("a", "b", 0.9 * inside), _run("a", "b", -0.9 * inside), _run("b", "a", 1.1 * inside, withheld=True)]
    found = {c.kind: c for c in coverage_of(runs)}
    assert found["all"].coverage == pytest.approx(0.5)
    assert found["target never measured"].coverage == 0.0
    assert found["all"].half_width == pytest.approx(inside)
    assert "same architecture" not in found
    console = Console(width=80)
    with console.capture() as capture:
        render_coverage(list(found.values()), console)
    assert "target calibrated" in capture.get()
