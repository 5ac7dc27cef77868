"""Figures that move at once are those of the whole simulation."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.profile.kernels import ceilings
from simulator.profile.upgrades import upgrades

CHANGES = {
    "as it is": (),
    "changed": (("set", "memory.dram.bandwidth=1.4x"), ("set", "cores.count=140")),
    "at its power limit": (("set", "power.board=0.4x"),),
    "two devices": (("parallel", "ulysses=2"), ("set", "links.nvlink.bandwidth=0.25x")),
}


@pytest.mark.parametrize("name", CHANGES)
def test_they_are_those_of_the_simulation(workshop, design, name):
    asked = design(*CHANGES[name])
    found, run = workshop.figures(asked), workshop.simulation(asked)
    report = run.report
    assert found.latency == pytest.approx(report.latency, rel=1e-11)
    assert (found.low, found.high) == pytest.approx((report.interval.low, report.interval.high), rel=1e-11)
    assert found.energy == pytest.approx(report.energy.energy * run.launches.execution.parallel.devices, rel=1e-11)
    assert found.peak_memory == report.peak_memory
    assert found.fits == report.fits
    assert found.capacity == report.memory_capacity
    assert found.throughput == pytest.approx(report.throughput, rel=1e-11)
    assert found.stages == pytest.approx({n: e.latency for n, e in report.by_stage.items()}, rel=1e-11)
    assert found.categories == pytest.approx({n: e.latency for n, e in report.by_category.items()}, rel=1e-11)
    assert found.times == pytest.approx(run.costs.time[:, 0], rel=1e-11)
    assert found.gains == pytest.approx({u.resource: u.speed_up for u in upgrades(run)}, rel=1e-11)
    assert [c.name for c in found.ceilings] == [c.name for c in ceilings(run)]
    assert [c.rate for c in found.ceilings] == pytest.approx([c.rate for c in ceilings(run)])


def test_parts_add_up_and_gains_are_ordered(workshop, design):
    found = workshop.figures(design(("set", "cores.clock=0.5x")))
    assert sum(found.stages.values()) == pytest.approx(found.latency)
    assert sum(found.categories.values()) == pytest.approx(found.latency)
    assert list(found.gains.values()) == sorted(found.gains.values(), reverse=True)
    assert np.isfinite(found.times).all()
    assert found.price is None


def test_the_price_of_a_file_goes_with_its_fields(tmp_path):
    from simulator.whatif.explore.design import Offer
    from simulator.whatif.explore.workshop import Workshop

    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\nextends: h100\nsources: [thought up]\n"
        "price: {currency: USD, base: 1000, per: {memory.dram.bandwidth: 100 per TB/s}}\n"
    )
    offer = Offer.of(hw=str(path))
    found = Workshop(offer, patience=60.0).figures(
        offer.started("dit-xl-2", str(path), ["memory.dram.bandwidth=5 TB/s"])
    )
    assert found.price == pytest.approx(1000 + 100 * 5)


def test_many_ways_at_once_are_those_one_by_one(workshop, design):
    lowered = workshop.lowered(design(("set", "cores.clock=0.9x")))
    tried = [{"cores.clock": 1.5e9}, {"cores.clock": 1.7e9, "memory.dram.bandwidth": 2e12}]
    found = lowered.outcomes(tried)
    one_by_one = [lowered.figures(each) for each in tried]
    assert found["latency"] == pytest.approx([each.latency for each in one_by_one], rel=1e-11)
    assert found["energy"] == pytest.approx([each.energy for each in one_by_one], rel=1e-11)
    assert list(found["peak_memory"]) == [each.peak_memory for each in one_by_one]
