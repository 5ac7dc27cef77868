"""Numbers that act on a run."""

from __future__ import annotations

import pytest

from simulator.whatif.explore.sliders import sliders


def _of(workshop, design):
    found = sliders(workshop.lowered(design), workshop.base(design).accelerator, workshop.chosen(design))
    return {slider.path: slider for slider in found}


def test_what_acts_and_what_does_not(workshop, design):
    found = _of(workshop, design())
    assert found["memory.dram.bandwidth"].acts
    assert found["peak.matrix.fp16"].acts
    assert not found["peak.matrix.fp64"].acts
    assert not found["links.nvlink.bandwidth"].acts
    assert (found["memory.dram.bandwidth"].value, found["memory.dram.bandwidth"].unit) == (3.35e12, "B/s")
    assert (found["cores.count"].value, found["cores.count"].unit) == (132, "")
    assert not any(path.endswith("measured_bandwidth") for path in found)


def test_the_value_is_that_of_the_part_and_links_act_between_devices(workshop, design):
    found = _of(workshop, design(("parallel", "ulysses=2"), ("set", "links.nvlink.bandwidth=0.5x")))
    assert found["links.nvlink.bandwidth"].acts
    assert found["links.nvlink.bandwidth"].value == pytest.approx(450e9)


def test_what_does_not_act_moves_nothing(workshop, design):
    before = workshop.figures(design(("set", "cores.clock=0.9x")))
    found = _of(workshop, design(("set", "cores.clock=0.9x")))
    idle = [path for path, slider in found.items() if not slider.acts and slider.unit]
    assert idle
    after = workshop.figures(design(("set", "cores.clock=0.9x"), *(("set", f"{path}=4x") for path in idle)))
    assert after.latency == pytest.approx(before.latency, rel=1e-9)
