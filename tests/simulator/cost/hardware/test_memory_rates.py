"""Bandwidths that kernels can count on, by hand."""

import math

import pytest

from hw_specs import apply_overrides, load_accelerator
from simulator.cost.hardware.figures import Figures, figures_of
from simulator.cost.hardware.memory_rates import (
    cache_capacity,
    cache_rate,
    common_cache,
    core_memory,
    dram_achievable_copy,
    dram_achievable_read,
    operand_rate,
    shared_rate,
)


def _figures(*names: str) -> Figures:
    return figures_of([load_accelerator(name) for name in names])


def test_check_bits_take_bandwidth_of_copies():
    assert dram_achievable_copy(_figures("t4", "a100_sxm4_80gb")) == pytest.approx([0.85 * 320e9, 2.039e12])


def test_reads_reach_what_was_measured_within_bounds():
    # Nobody measured an H100; what is known of a B200 is a copy, which understates reads.
    reached = dram_achievable_read(_figures("l40s", "h100_sxm5_80gb", "b200"))
    assert reached == pytest.approx([816e9, 0.95 * 3.35e12, 0.85 * 8e12])


def test_the_cache_of_all_cores_lies_behind_those_of_the_dies():
    names = ("mi300x", "a100_sxm4_80gb")
    mi300x, a100 = (load_accelerator(name).memory for name in names)
    bandwidths = common_cache(_figures(*names), "bandwidth").tolist()
    assert bandwidths == [mi300x.llc.bandwidth, a100.l2.bandwidth]
    assert cache_capacity(_figures(*names)).tolist() == [256 * 2**20, a100.l2.capacity]


def test_operands_come_out_of_the_caches_of_the_dies():
    names = ("mi300x", "a100_sxm4_80gb", "gb200")
    mi300x = load_accelerator("mi300x")
    _, a100, gb200 = cache_rate(_figures(*names)).tolist()
    # 8 L2s of 2048 B/clk each at 2.1 GHz, of which microbenchmarks reach three quarters.
    assert operand_rate(_figures(*names)) == pytest.approx([0.75 * 16384 * mi300x.cores.clock, a100, gb200])


def test_a_measured_cache_goes_with_the_published_one_of_a_changed_part():
    part = load_accelerator("a100_sxm4_80gb")
    changed = apply_overrides(part, ["memory.l2.bandwidth=2 TB/s"])
    assert cache_rate(figures_of([part, changed])) == pytest.approx([5.4e12, 5.4e12 * 2e12 / part.memory.l2.bandwidth])


def test_an_unpublished_cache_delivers_bytes_by_clock_and_core():
    part = load_accelerator("rtx_2080_ti")
    assert part.memory.l2.bandwidth is None
    assert part.memory.l2.measured_bandwidth is None
    expected = max(16 * 68 * part.cores.clock, 4 * part.memory.dram.bandwidth)
    assert cache_rate(figures_of([part])) == pytest.approx([expected])


def test_shared_memory_of_a_part_without_figures():
    part = load_accelerator("mi300x")
    assert shared_rate(figures_of([part]))[0] == pytest.approx(64 * part.cores.clock) or part.memory.shared.bandwidth
    assert math.isinf(shared_rate(_figures("tpu_v4"))[0])


def test_the_first_cache_lies_beside_shared_memory():
    part = load_accelerator("h100")
    assert core_memory(figures_of([part])).tolist() == [part.memory.shared.capacity + part.traits.l1_cache]
    assert math.isinf(core_memory(_figures("tpu_v4"))[0]) == (load_accelerator("tpu_v4").memory.shared is None)
