"""Bandwidths that kernels can count on, by hand."""

import math

import pytest

from hw_specs import apply_overrides, load_accelerator
from simulator.cost.hardware.memory_rates import (
    cache_rate,
    common_cache,
    dram_achievable_copy,
    dram_achievable_read,
    shared_rate,
)


def test_check_bits_take_bandwidth_of_copies():
    assert dram_achievable_copy(load_accelerator("t4")) == pytest.approx(0.85 * 320e9)
    assert dram_achievable_copy(load_accelerator("a100_sxm4_80gb")) == pytest.approx(2.039e12)


def test_reads_reach_what_was_measured_within_bounds():
    assert dram_achievable_read(load_accelerator("l40s")) == pytest.approx(816e9)
    # Nobody measured an H100; what is known of a B200 is a copy, which understates reads.
    assert dram_achievable_read(load_accelerator("h100_sxm5_80gb")) == pytest.approx(0.95 * 3.35e12)
    assert dram_achievable_read(load_accelerator("b200")) == pytest.approx(0.85 * 8e12)


def test_the_cache_of_all_cores_lies_behind_those_of_the_dies():
    mi300x, a100 = (load_accelerator(name).memory for name in ("mi300x", "a100_sxm4_80gb"))
    assert common_cache(mi300x) is mi300x.llc
    assert common_cache(a100) is a100.l2


def test_a_measured_cache_goes_with_the_published_one_of_a_changed_part():
    part = load_accelerator("a100_sxm4_80gb")
    changed = apply_overrides(part, ["memory.l2.bandwidth=2 TB/s"])
    assert cache_rate(part, cores=108) == pytest.approx(5.4e12)
    assert cache_rate(changed, cores=108) == pytest.approx(5.4e12 * 2e12 / part.memory.l2.bandwidth)


def test_an_unpublished_cache_delivers_bytes_by_clock_and_core():
    part = load_accelerator("rtx_2080_ti")
    assert part.memory.l2.bandwidth is None
    assert part.memory.l2.measured_bandwidth is None
    expected = max(16 * 68 * part.cores.clock, 4 * part.memory.dram.bandwidth)
    assert cache_rate(part, cores=68) == pytest.approx(expected)


def test_shared_memory_of_a_part_without_figures():
    part = load_accelerator("mi300x")
    assert shared_rate(part) == pytest.approx(64 * part.cores.clock) or part.memory.shared.bandwidth is not None
    assert math.isinf(shared_rate(load_accelerator("tpu_v4")))
