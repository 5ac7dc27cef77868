"""What fields are worth: as single simulations say, and adding up to what holds a run back."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from hw_specs import apply_overrides, load_accelerator
from simulator import simulate
from simulator.whatif.sensitivity import Sensitivity, _factors, _worth, sensitivity
from tracer import graph_of


@pytest.fixture(scope="module")
def found() -> Sensitivity:
    """Stable Diffusion on an A100, which no power limit holds back."""
    return sensitivity("stable-diffusion", load_accelerator("a100"))


def test_resources_add_up_to_what_holds_the_run_back(found) -> None:
    shares = asdict(found.bound)
    shares["compute"] += shares.pop("occupancy")
    assert {each.resource for each in found.resources} >= {name for name, share in shares.items() if share > 0.001}
    for each in found.resources:
        assert each.share == pytest.approx(shares[each.resource])
        assert -each.elasticity == pytest.approx(each.share, abs=0.01)


def test_bandwidths_add_up_to_the_share_of_memory(found) -> None:
    rates = [f.elasticity for f in found.fields if f.field.startswith("memory.") and f.field.endswith("bandwidth")]
    assert -sum(rates) == pytest.approx(found.bound.memory, abs=0.01)


def test_a_gain_is_that_of_a_single_simulation(found) -> None:
    part, graph = load_accelerator("a100"), graph_of("stable-diffusion", {})
    (field,) = (f for f in found.fields if f.field == "memory.dram.bandwidth")
    before = simulate(graph, part).report
    for factor, gain in (("2x", field.gain_2x), ("0.5x", field.gain_half)):
        after = simulate(graph, apply_overrides(part, [f"memory.dram.bandwidth={factor}"])).report
        assert gain == pytest.approx(before.latency / after.latency, rel=1e-9)
    assert field.unit == "B/s"
    assert field.speedup_2x.ratio == pytest.approx(field.gain_2x, rel=1e-9)
    assert field.speedup_2x.interval.low < field.gain_2x < field.speedup_2x.interval.high
    assert field.bound_2x.memory < found.bound.memory


def test_host_and_latencies_are_among_the_fields_and_those_that_do_nothing_are_not(found) -> None:
    names = {field.field for field in found.fields}
    assert {"host.speed", "kernel.latency", "cores.count", "cores.clock"} <= names
    assert {"links.pcie.bandwidth", "memory.dram.capacity", "memory.dram.measured_bandwidth"}.isdisjoint(names)


def test_every_field_has_the_interval_of_what_twice_of_it_gains(found) -> None:
    for field in found.fields:
        assert field.speedup_2x.interval.low <= field.gain_2x <= field.speedup_2x.interval.high
        assert sum(asdict(field.bound_2x).values()) == pytest.approx(1.0)


def test_json_keeps_to_its_keys(found) -> None:
    first = found.to_list()[0]
    assert list(first)[:5] == ["field", "elasticity", "gain_2x", "gain_half", "unit"]


def test_a_power_law_has_its_exponent() -> None:
    factors = _factors(3e12, count=False)
    worth = _worth(factors, [5.0 * factor**-0.5 for factor in factors], 5.0)
    assert worth["elasticity"] == pytest.approx(-0.5)
    assert worth["gain_2x"] == pytest.approx(2**0.5)
    assert worth["gain_half"] == pytest.approx(0.5**0.5)
    assert worth["step"] is None


def test_at_a_step_the_flatter_side_counts() -> None:
    worth = _worth((0.99, 1.01, 2.0, 0.5), (1.1, 1.0, 0.8, 1.5), 1.0)
    assert worth["elasticity"] == 0
    assert worth["step"] == pytest.approx((0.1, 0.0))


def test_counts_stay_whole() -> None:
    assert [round(f * 108) for f in _factors(108, count=True)] == [107, 109, 216, 54]
    assert [round(f * 7) for f in _factors(7, count=True)] == [6, 8, 14, 3]
    assert [round(f) for f in _factors(1, count=True)] == [1, 2, 2, 1]
