"""Shares of what holds kernels back: they are what a change of the resource brings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hw_specs import CalibrationPool, load_accelerator
from simulator.cost import (
    RESOURCES,
    gains_of,
    hardware_columns,
    kernel_times,
    run_totals,
    within_power,
)
from simulator.cost.hardware import HardwareColumns
from simulator.execution import Execution
from simulator.kernels import KernelTables
from simulator.lowering import assign_units, lower
from tracer.library.bundle import BUNDLE
from tracer.storage.graph_file import load_graph


@pytest.fixture(scope="module")
def kernels() -> KernelTables:
    """Kernels of a pipeline with products, convolutions, attention, normalizations and copies."""
    graph = load_graph(BUNDLE / "stable-diffusion.npz")
    return assign_units(lower(graph, Execution()).kernels, load_accelerator("h100"))


@pytest.fixture(scope="module")
def part() -> HardwareColumns:
    return hardware_columns([load_accelerator("h100")], CalibrationPool.shipped()).sustained()


@pytest.mark.parametrize("fidelity", ["calibrated", "roofline"])
def test_shares_add_up(kernels, part, fidelity):
    shares = gains_of(kernels, part, fidelity=fidelity).shares
    assert shares.shape == (len(kernels), len(RESOURCES))
    assert (shares >= 0).all()
    takes_time = kernel_times(kernels, part, fidelity=fidelity).time[:, 0] > 0
    np.testing.assert_allclose(shares.sum(axis=1), takes_time, atol=1e-9)


def test_a_share_is_what_a_change_brings(kernels, part):
    shares = gains_of(kernels, part, fidelity="calibrated").shares[:, RESOURCES.index("memory")]
    memories = ("dram_bandwidth", "dram_achievable_read", "dram_achievable_copy")
    names = (*memories, "cache_bandwidth", "cache_rate", "operand_rate")
    faster = replace(part, **{name: getattr(part, name) * 1.01 for name in (*names, "shared_rate")})
    before, after = (kernel_times(kernels, each, fidelity="calibrated").time[:, 0] for each in (part, faster))
    assert (kernels.count * (before - after)).sum() == pytest.approx(
        (kernels.count * before * shares).sum() * 0.01 / 1.01, rel=0.1
    )


def test_a_roofline_has_one_bound(kernels, part):
    shares = gains_of(kernels, part, fidelity="roofline").shares
    takes_time = shares.sum(axis=1) > 0
    assert (shares[takes_time].max(axis=1) > 0.99).mean() > 0.95  # but for those at a ridge


def test_the_power_limit_is_named_where_it_acts(kernels, part):
    weak = gains_of(kernels, part.derated(1 / 20), fidelity="calibrated").shares
    strong = gains_of(kernels, part.derated(1e6), fidelity="calibrated").shares
    power = RESOURCES.index("power")
    assert weak[:, power].max() > 0.5
    assert strong[:, power].max() == pytest.approx(0, abs=1e-9)


def test_a_core_less_at_the_end_of_a_wave(matmul):
    """12 x 9 tiles of 128 x 128 are one for each of the 108 cores of an A100."""
    ampere = hardware_columns([load_accelerator("a100")], CalibrationPool.shipped()).sustained()
    product = KernelTables(tables=(matmul(12 * 128, 9 * 128, 16384),), family=np.zeros(1, dtype=np.int64))
    steps = gains_of(product, ampere, fidelity="calibrated").steps
    assert steps is not None
    assert steps.fewer > 0.03
    assert -0.02 < steps.more <= 0


def test_in_a_run_at_the_power_limit_faster_arithmetic_gains_less_than_power(kernels):
    """What it gains is the lower voltage of the clock that the limit then leaves."""
    part = hardware_columns([load_accelerator("h100")], CalibrationPool.shipped()).derated(0.2)
    boost = kernel_times(kernels, part.at_boost())
    run = part.in_run(run_totals(boost, kernels.count))
    shares = gains_of(kernels, run, fidelity="calibrated").shares
    time = within_power(boost, run).time[:, 0]
    mean = dict(zip(RESOURCES, kernels.count * time @ shares / (kernels.count @ time), strict=True))
    assert mean["power"] > 0.3
    assert mean["compute"] < mean["power"]
