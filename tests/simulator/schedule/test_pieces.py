"""What of a timeline is held back by which resource, by hand arithmetic."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from simulator.cost import RESOURCES
from simulator.schedule.pieces import bound_of, bound_shares
from simulator.simulation import Simulation


def test_shares_are_times_over_the_total() -> None:
    times = np.zeros((2, len(RESOURCES) + 1))
    times[0, RESOURCES.index("compute")], times[1, RESOURCES.index("memory")], times[1, -1] = 3.0, 1.0, 4.0
    found = asdict(bound_shares(times, 8.0))
    assert {name: share for name, share in found.items() if share} == {"compute": 0.375, "memory": 0.125, "host": 0.5}


def test_nothing_is_held_back_by_nothing() -> None:
    assert set(asdict(bound_shares(np.zeros((0, len(RESOURCES) + 1)), 0.0)).values()) == {0.0}


def test_all_of_a_run_is_held_back_by_something(stable_diffusion_run: Simulation) -> None:
    found = bound_of(stable_diffusion_run.timeline, stable_diffusion_run.gains.shares)
    assert sum(asdict(found).values()) == pytest.approx(1.0)
    assert found == stable_diffusion_run.report.bound
