"""Host costs."""

from __future__ import annotations

import dataclasses

import pytest

torch = pytest.importorskip("torch")

from simulator.hosts.costs import HostCosts  # noqa: E402
from validation.machine.probe.host import host_times  # noqa: E402
from validation.machine.stopwatch import CpuStopwatch  # noqa: E402


def test_costs_have_the_names_of_the_simulator_and_are_plausible() -> None:
    times = host_times(torch.device("cpu"), CpuStopwatch(2**16))
    known = {f.name for f in dataclasses.fields(HostCosts)}
    assert set(times) == known - {"stage", "delay", "guards", "collective"}
    assert all(0 <= value < 0.1 for value in times.values())
    assert times["operator"] > 0
    # Without a device there is nothing to launch.
    assert (times["launch"], times["gap"]) == (0.0, 0.0)
