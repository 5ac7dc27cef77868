"""Designs by index, in groups that differ in numbers alone."""

import numpy as np
import pytest

from hw_specs import changeable_paths, load_accelerator
from simulator.whatif.study.study import load_study

H100 = load_accelerator("h100")


def _study(**changes):
    content = {
        "models": "stable-diffusion",
        "hw": "h100",
        "sampling": {"method": "grid"},
        "fields": {"memory.dram.bandwidth": ["1x", "2x"], "attention": ["flash", "naive"]},
    }
    return load_study(content | changes)


def test_a_grid_has_every_combination_by_settings():
    designs = _study().designs
    groups = list(designs.groups(0, 4))
    assert len(designs) == 4
    assert [(group.settings, group.rows.tolist()) for group in groups] == [
        ({"attention": "flash"}, [0, 1]),
        ({"attention": "naive"}, [2, 3]),
    ]
    assert all(group.numbers["memory.dram.bandwidth"].tolist() == [3.35e12, 6.7e12] for group in groups)


def test_accelerators_are_fields_too():
    designs = _study(hw=None, fields={"hw": ["a100", "h100"], "memory.dram.bandwidth": ["2x"]}).designs
    found = {group.base: group.numbers["memory.dram.bandwidth"].tolist() for group in designs.groups(0, 2)}
    assert found == {"a100": [2 * 2.039e12], "h100": [6.7e12]}


def test_listed_designs_are_gathered_by_what_they_change():
    listed = [
        {"memory.dram.bandwidth": "2x"},
        {"batch": 2},
        {"memory.dram.bandwidth": "4 TB/s"},
        {"peak.vector": "2x", "batch": 2},
        {},
    ]
    study = _study(sampling={"method": "list"}, fields={}, designs=listed)
    groups = {tuple(group.rows): group for group in study.designs.groups(0, 5)}
    assert set(groups) == {(0, 2), (1,), (3,), (4,)}
    assert groups[0, 2].numbers == {"memory.dram.bandwidth": pytest.approx(np.array([6.7e12, 4e12]))}
    assert groups[1,].settings == {"batch": 2}
    assert set(groups[3,].numbers) == {f"peak.vector.{name}" for name in H100.peak.vector}


def test_a_design_is_written_as_changes():
    fields = {"cores.count": [66, 264], "memory.dram.bandwidth": ["2x"], "batch": [1, 2]}
    group = next(iter(_study(fields=fields).designs.groups(0, 4)))
    assert group.changes(1, changeable_paths(H100)) == ["cores.count=264", "memory.dram.bandwidth=6700000000000.0 B/s"]
