"""What twice of each resource would bring."""

from dataclasses import replace

import pytest

from hw_specs import load_accelerator
from simulator.execution import Execution
from simulator.profile.upgrades import upgrades
from simulator.simulation import simulate


def test_nothing_makes_a_run_slower_or_more_than_twice_as_fast(stable_diffusion_run):
    found = {u.resource: u for u in upgrades(stable_diffusion_run)}
    assert set(found) == {"compute", "memory", "power", "link", "launch", "host"}
    assert all(1.0 <= u.speed_up <= 2.0 for u in found.values())
    assert found["compute"].speed_up > found["memory"].speed_up > 1.0
    assert found["link"].speed_up == 1.0
    assert [u.latency for u in upgrades(stable_diffusion_run)] == sorted(u.latency for u in found.values())


def test_a_small_step_is_the_share_of_the_report(stable_diffusion_run):
    """With 0.1 % more, the gain is the elasticity that the report calls the bound."""
    found = {u.resource: u.speed_up for u in upgrades(stable_diffusion_run, factor=1.001)}
    bound = stable_diffusion_run.report.bound
    assert found["memory"] == pytest.approx(1.0 + 1e-3 * bound.memory, abs=1e-4)


def test_twice_of_everything_that_a_bound_has_halves_it(decoder_run):
    bound = simulate(decoder_run.launches.graph, load_accelerator("a100"), fidelity="roofline")
    found = {u.resource: u for u in upgrades(bound)}
    assert "host" not in found
    assert found["memory"].latency < 0.6 * bound.report.latency


def test_transfers_of_weights_stay(stable_diffusion_run):
    graph = stable_diffusion_run.launches.graph
    run = simulate(graph, load_accelerator("a100"), replace(Execution(), offload="model"))
    found = {u.resource: u for u in upgrades(run)}
    assert found["link"].latency == pytest.approx(run.report.latency)
    moved = run.report.latency - stable_diffusion_run.report.latency
    assert found["compute"].latency > moved > 0
