"""A better accelerator slows nothing down, with everything infinite only latencies remain, and nothing jumps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hw_specs import CalibrationPool, apply_overrides, load_accelerator
from simulator.cost import GROUPS, RESOURCES, HardwareColumns, hardware_columns, kernel_times
from simulator.cost.families import parameter_group
from simulator.cost.gains import better
from simulator.execution import Execution
from simulator.kernels import KernelTables
from simulator.lowering import assign_units
from validation.limits import slowdowns as module
from validation.limits.changes import drawn_improvements, small_steps
from validation.limits.slowdowns import drawn_slowdowns, kernel_ratios, slowdown_lines, slowdowns
from validation.limits.workloads import bundled_kernels

POOL = CalibrationPool.shipped()

#: Groups of kernels that no better accelerator slows down.
_HOLDS = ("stream", "softmax", "quantize", "normalization", "flash2", "efficient")


def _infinite(hardware: HardwareColumns, **finite: float) -> HardwareColumns:
    """Everything without bound and memory without latency, but for resources that are better by a factor."""
    made = better(hardware, {**dict.fromkeys(RESOURCES[:-1], 1e12), **finite})
    return replace(made, dram_latency=1e-12 * made.dram_latency)


@pytest.fixture(scope="module")
def kernels() -> KernelTables:
    (found,) = bundled_kernels((("stable-diffusion", Execution()),))
    return found


def test_a_worse_accelerator_is_found_out(kernels):
    part = load_accelerator("h100")
    worse = (("memory.dram.bandwidth=0.5x",), apply_overrides(part, ["memory.dram.bandwidth=0.5x"]))
    found = list(slowdowns(kernels, part, [worse], POOL))
    assert "stream" in {each.group for each in found}
    assert all(1 < each.ratio < 2.01 and each.time > 0 for each in found)
    first, *lines = slowdown_lines(found, 10)
    assert first == "1 of 10 changes slow a kernel down"
    assert len(lines) == len(found)
    assert "H100-SXM5-80GB: memory.dram.bandwidth=0.5x" in lines[0]


def test_no_change_is_none(kernels):
    part = load_accelerator("a10")
    (changed,) = [((), apply_overrides(part, ["memory.dram.capacity=2x"]))]
    _, ratios = kernel_ratios(assign_units(kernels, part), part, [changed], POOL)
    assert (ratios == 1).all()
    assert apply_overrides(part, ["memory.dram.bandwidth=1x", "cores.count=1x"]) is part


def test_draws_over_accelerators(monkeypatch, kernels):
    monkeypatch.setattr(module, "bundled_kernels", lambda: (kernels,))
    said: list[str] = []
    found = drawn_slowdowns(["h100", "t4"], 5, 3, POOL, progress=said.append)
    assert said == ["h100", "t4"]
    assert {each.accelerator for each in found} <= {"H100-SXM5-80GB", "T4"}


@pytest.mark.parametrize("name", ["a100", "h100", "v100", "t4", "mi300x", "rtx_4090", "l4"])
def test_a_better_accelerator_slows_nothing_down(kernels, name):
    part = load_accelerator(name)
    changed = list(drawn_improvements(part, 25, np.random.default_rng(7)))
    assert [each for each in slowdowns(kernels, part, changed, POOL) if each.group in _HOLDS] == []


@pytest.mark.parametrize("name", ["a100", "h100", "v100", "mi300x", "rtx_4090"])
def test_a_change_of_one_per_cent_makes_no_jump(kernels, name):
    part = load_accelerator(name)
    own, changed = assign_units(kernels, part), list(small_steps(part))
    _, ratios = kernel_ratios(own, part, changed, POOL)
    jumps = np.argwhere(np.abs(ratios - 1) > 0.03)
    assert [(own.name[kernel], changed[column][0]) for kernel, column in jumps.tolist()] == []


#: Groups whose time is that of bandwidths and rates alone once latencies are none.
_WITHOUT_LATENCIES = ("matmul", "convolution", "flash2", "efficient", "stream", "normalization", "softmax", "moments")


@pytest.mark.parametrize("name", ["h100", "v100", "mi300x"])
def test_with_everything_infinite_no_time_remains(kernels, name):
    part = load_accelerator(name)
    own, hardware = assign_units(kernels, part), hardware_columns([part], POOL).sustained()
    before, after = (kernel_times(own, each).time[:, 0] for each in (hardware, _infinite(hardware)))
    groups = parameter_group(own)
    for group in _WITHOUT_LATENCIES:
        rows = groups == GROUPS.index(group)
        assert (after[rows] <= 1e-6 * before[rows]).all(), group


@pytest.mark.parametrize("resource", ["memory", "compute"])
def test_with_one_resource_finite_the_time_is_its_own(kernels, resource):
    """It grows as the resource gets less."""
    part = load_accelerator("h100")
    own, hardware = assign_units(kernels, part), hardware_columns([part], POOL).sustained()
    alone, slower = (_infinite(hardware, **{resource: factor}) for factor in (1.0, 0.5))
    before, after = (kernel_times(own, each).time[:, 0] for each in (alone, slower))
    takes_time = (before > 1e-9) & np.isin(parameter_group(own), [GROUPS.index(name) for name in _WITHOUT_LATENCIES])
    np.testing.assert_allclose(after[takes_time], 2 * before[takes_time], rtol=0.02)
