"""Changes of a run, many at once: each is what a simulation of it by itself says."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest

from hw_specs import CalibrationPool, apply_overrides, load_accelerator
from simulator.comparison import speedup_between
from simulator.hosts.host import ON_THE_HOST, Host
from simulator.whatif.bench import Bench, Change
from simulator.whatif.setups import setup_of

_CHANGES = ("memory.dram.bandwidth=2x", "cores.count=150", "power.board=0.5x")
_PART = load_accelerator("h100")


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench.of(setup_of("stable-diffusion", _PART, CalibrationPool.shipped(), {"num_inference_steps": 4}))


def _numbers(bench: Bench) -> list[Change]:
    bandwidth, board = (bench.numbers[path] for path in ("memory.dram.bandwidth", "power.board"))
    changed = ({"memory.dram.bandwidth": 2 * bandwidth}, {"cores.count": 150}, {"power.board": 0.5 * board})
    return [Change(numbers=numbers) for numbers in changed]


def test_each_change_is_what_its_simulation_says(bench) -> None:
    reference = bench.simulation
    latencies, speedups = bench.latencies(_numbers(bench)), bench.speedups(_numbers(bench))
    for text, latency, (speedup, bound) in zip(_CHANGES, latencies, speedups, strict=True):
        run = replace(bench.setup, accelerator=apply_overrides(_PART, [text])).simulated()
        assert latency == pytest.approx(run.report.latency, rel=1e-12)
        alone = speedup_between(run, reference)
        assert asdict(speedup.interval) == pytest.approx(asdict(alone.interval), rel=1e-9)
        assert speedup.ratio == pytest.approx(alone.ratio, rel=1e-12)
        assert asdict(bound) == pytest.approx(asdict(run.report.bound), abs=1e-9)


def test_another_host_is_what_its_simulation_says(bench) -> None:
    faster = {mode: costs.scaled(dict.fromkeys(ON_THE_HOST, 0.5)) for mode, costs in bench.host.costs.items()}
    host: Host = replace(bench.host, name="twice as fast", costs=faster)
    run = replace(bench.setup, host=host).simulated()
    ((speedup, bound),) = bench.speedups([Change(host=host)])
    assert speedup.latency == pytest.approx(run.report.latency, rel=1e-12)
    assert asdict(speedup.interval) == pytest.approx(asdict(speedup_between(run, bench.simulation).interval), rel=1e-9)
    assert asdict(bound) == pytest.approx(asdict(run.report.bound), abs=1e-9)


def test_nothing_changed_is_the_run_itself(bench) -> None:
    np.testing.assert_allclose(bench.latencies([Change(), Change()]), bench.simulation.report.latency, rtol=1e-12)
