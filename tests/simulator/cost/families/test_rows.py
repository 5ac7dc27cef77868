from dataclasses import replace

import numpy as np
import pytest

from hw_specs import CalibrationPool, load_accelerator
from simulator.cost import BOUNDS, GROUPS, hardware_columns
from simulator.cost.families import group_cost, groups_of
from simulator.kernels import RowKind, RowWise

# The made-up part has 100 cores of 1 GHz with 50 vector lanes each, 1 TB/s and 40 MB of cache.
_DRAM = 0.85e12  # what rows reach of it [B/s]
_FLOOR = 2e-6


@pytest.fixture
def rowwise(table):
    def build(kind, rows, width, itemsize=4.0, **options):
        moved = rows * width * itemsize
        return table(
            RowWise,
            kind=kind,
            rows=rows,
            row_length=width,
            bytes_read=moved,
            bytes_written=moved,
            itemsize=itemsize,
            **options,
        )

    return build


def test_softmax_of_rows_in_registers_is_a_stream(hardware, rowwise):
    kernel = rowwise(RowKind.SOFTMAX, 1e6, 256.0, held=True)
    assert group_cost("softmax", kernel, hardware()).time[0, 0] == pytest.approx(_FLOOR + 2 * 1.024e9 / _DRAM)


def test_softmax_of_longer_rows_waits_for_its_own_passes(hardware, rowwise):
    # 10000 rows of 16384 B on 100 cores, at 3.8 B a clock each, beside 328 MB of traffic.
    cost = group_cost("softmax", rowwise(RowKind.SOFTMAX, 1e4, 4096.0), hardware())
    dram, passes = 327.68e6 / _DRAM, 100 * 16384 / 3.8e9
    assert cost.time[0, 0] == pytest.approx(_FLOOR + (dram**2 + passes**2) ** 0.5)


def test_softmax_of_rows_without_whole_vectors_takes_single_elements(hardware, rowwise):
    for itemsize in (2.0, 4.0):
        terms = group_cost("softmax", rowwise(RowKind.SOFTMAX, 1e4, 4095.0, itemsize), hardware()).terms
        assert terms["rows on the cores"][0, 0] == pytest.approx(100 * 4095 * 1.35e-9)


def test_softmax_finds_in_the_cache_what_was_left_there(hardware, rowwise):
    # Half of 5 MB of input was touched, and all fits 40 MB: 0.3 of half of the traffic stays away from the DRAM.
    kernel = rowwise(RowKind.SOFTMAX, 5000.0, 250.0, held=True, resident_bytes=2.5e6)
    terms = group_cost("softmax", kernel, hardware()).terms
    assert terms["DRAM traffic"][0, 0] == pytest.approx((1 - 0.3 / 2) * 10e6 / _DRAM)


def test_no_row_is_faster_than_its_exponentials(hardware, rowwise):
    # 1e10 exponentials at 1.6e12 a second, beside 10 MB.
    cost = group_cost("softmax", rowwise(RowKind.SOFTMAX, 5000.0, 250.0, held=True, special_ops=1e10), hardware())
    assert cost.terms["arithmetic"][0, 0] == pytest.approx(1e10 / 1.6e12)
    assert cost.time[0, 0] == pytest.approx(_FLOOR + 1e10 / 1.6e12)


@pytest.mark.parametrize(("kind", "group"), [(RowKind.SOFTMAX, "softmax"), (RowKind.NORMALIZATION, "normalization")])
def test_half_the_bytes_never_take_longer(kind, group, hardware, rowwise):
    half, full = (group_cost(group, rowwise(kind, 1e5, 4096.0, size), hardware()).time[0, 0] for size in (2.0, 4.0))
    assert 0.4 < half / full < 0.8


def test_fewer_rows_than_cores_take_as_long_as_one(hardware, rowwise):
    for rows in (1.0, 100.0):
        terms = group_cost("softmax", rowwise(RowKind.SOFTMAX, rows, 4096.0), hardware()).terms
        assert terms["rows on the cores"][0, 0] == pytest.approx(16384 / 3.8e9)


def test_a_norm_takes_its_traffic_and_the_reduction_of_each_row(hardware, rowwise):
    # 16000 rows of 768: 160 on each core, of 350 clocks on 64 lanes. 100 MB each way.
    cost = group_cost("normalization", rowwise(RowKind.NORMALIZATION, 16000.0, 768.0), hardware())
    assert cost.time[0, 0] == pytest.approx(_FLOOR + 2 * 49.152e6 / _DRAM + 160e-9 * 350 * 64 / 50)


def test_generated_norms_have_no_block_for_each_row(hardware, rowwise):
    kernel = rowwise(RowKind.NORMALIZATION, 16000.0, 768.0, generated=True)
    assert group_cost("normalization", kernel, hardware()).time[0, 0] == pytest.approx(_FLOOR + 2 * 49.152e6 / _DRAM)


def test_generated_norms_take_the_instructions_of_their_elements(hardware, rowwise):
    kernel = rowwise(RowKind.NORMALIZATION, 16000.0, 768.0, generated=True)
    part = hardware().with_parameters({"normalization.generated": 64.0})
    # 12.3 million elements of 64 instructions on 128 lanes of 100 cores of 1 GHz.
    assert group_cost("normalization", kernel, part).terms["rows on the cores"][0, 0] == pytest.approx(
        12.288e6 * 64 / 12.8e12
    )


def test_wide_rows_that_leave_the_cache_are_read_again(hardware, rowwise):
    kernel = rowwise(RowKind.NORMALIZATION, 1e5, 65536.0)
    cached = group_cost("normalization", kernel, hardware(cache=4e9)).terms["DRAM traffic"][0, 0]
    spilled = group_cost("normalization", kernel, hardware(cache=1.0)).terms["DRAM traffic"][0, 0]
    assert spilled == pytest.approx(1.5 * cached)


def test_more_cores_keep_no_more_rows_in_flight(hardware, rowwise):
    # A memory of 1 TB/s feeds 400 threads for each of 1000 bytes a cycle: 3125 rows of 128 threads, however many
    # cores. At 16 KB each, 40 MB of cache do not hold 51.2.
    kernel = rowwise(RowKind.NORMALIZATION, 1e5, 4096.0)
    few, many = (group_cost("normalization", kernel, hardware(cores=n)).terms["DRAM traffic"][0, 0] for n in (100, 200))
    again = 2 * (1 - 40e6 / (3125 * 16384))
    assert few == many == pytest.approx((2 + again) * 1e5 * 16384 / _DRAM)


@pytest.mark.parametrize("width", [1024.0, 4000.0, 8192.0, 1e5])
def test_a_faster_memory_never_makes_rows_slower(width, hardware, rowwise):
    kernel = rowwise(RowKind.NORMALIZATION, 1e5, width)
    times = [group_cost("normalization", kernel, hardware(dram=1e12 * 1.1**n)).time[0, 0] for n in range(20)]
    assert times == sorted(times, reverse=True)


def test_moments_of_many_groups_are_bound_by_instructions(hardware, rowwise):
    # 32768 rows of 2048, so 327.68 on a core: 2000 clocks for the reduction of 512 threads, 0.25 for each element.
    terms = group_cost("moments", rowwise(RowKind.MOMENTS, 32768.0, 2048.0), hardware()).terms
    assert terms["rows on the cores"][0, 0] == pytest.approx(327.68e-9 * (2000 + 0.25 * 2048))


def test_short_groups_have_a_warp(hardware, rowwise):
    terms = group_cost("moments", rowwise(RowKind.MOMENTS, 1e5, 256.0), hardware()).terms
    assert terms["rows on the cores"][0, 0] == pytest.approx(1e-6 * (2000 / 16 + 0.25 * 256))


def test_few_groups_wait_for_their_own_chain(hardware, rowwise):
    # 32 rows on 100 cores: each of 512 threads walks 1954 of a million elements by itself.
    cost = group_cost("moments", rowwise(RowKind.MOMENTS, 32.0, 1e6), hardware())
    assert cost.terms["rows on the cores"][0, 0] == pytest.approx(1e-9 * (2000 + 1954 * 300))
    assert BOUNDS[cost.bound[0, 0]] == "occupancy"


def test_a_compiler_splits_long_groups(hardware, rowwise):
    kernel = rowwise(RowKind.MOMENTS, 32.0, 1e6, generated=True)
    assert group_cost("moments", kernel, hardware()).time[0, 0] == pytest.approx(_FLOOR + 2 * 128e6 / _DRAM)


def test_group_norm_of_four_groups_is_far_from_the_bandwidth(rowwise):
    # One group a sample on an H200: four blocks take 5.4 ms for 75 million values.
    kernel = rowwise(RowKind.MOMENTS, 4.0, 18.75e6)
    hardware = hardware_columns([load_accelerator("h200")], calibrations=CalibrationPool.empty())
    assert group_cost("moments", kernel, hardware).time[0, 0] == pytest.approx(5.4e-3, rel=0.1)


def test_quantisation_takes_one_row_on_a_core_at_a_time(hardware, table):
    # 250 rows are three on the busiest of 100 cores: 1000 clocks and two passes over 8192 B at 30 B a clock each.
    kernel = table(RowWise, number_format="fp8", rows=250.0, row_length=4096.0, itemsize=2.0)
    on_core = group_cost("quantize", kernel, hardware()).terms["rows on the cores"][0, 0]
    assert on_core == pytest.approx(3e-9 * (1000 + 2 * 8192 / 30))


def test_quantisation_joins_its_traffic_with_its_rows(hardware, table):
    # 250 rows of 4096 in 16 bits, a share of 0.85 of 1 TB/s.
    read, written = 250 * 8192.0, 250 * 4096.0
    kernel = table(
        RowWise,
        number_format="fp8",
        rows=250.0,
        row_length=4096.0,
        itemsize=2.0,
        bytes_read=read,
        bytes_written=written,
        resident_bytes=read,
    )
    dram, on_core = (1 - 0.3) * (read + written) / 0.85e12, 3e-9 * (1000 + 2 * 8192 / 30)
    time = group_cost("quantize", kernel, hardware()).time[0, 0]
    assert time == pytest.approx(2.5e-6 + (dram**2 + on_core**2) ** 0.5)
    slow = replace(hardware(), shortest_kernel=np.array([5e-6]))
    assert group_cost("quantize", kernel, slow).time[0, 0] == pytest.approx(time + 2.5e-6)


@pytest.mark.parametrize(("kind", "group"), [(kind, kind.name.lower()) for kind in RowKind])
def test_each_kind_has_its_group(table, kind, group):
    assert GROUPS[groups_of(table(RowWise, kind=kind))[0]] == group


def test_few_long_rows_wait_and_many_keep_cores_busy(hardware, rowwise):
    few, many = (group_cost("softmax", rowwise(RowKind.SOFTMAX, rows, 1e6), hardware()) for rows in (10.0, 1e3))
    assert (BOUNDS[few.bound[0, 0]], BOUNDS[many.bound[0, 0]]) == ("occupancy", "vector")


def test_what_holds_rows_back(hardware, table):
    def bound(rows, width):
        kernel = table(RowWise, rows=rows, row_length=width, bytes_read=4 * rows * width, itemsize=4.0)
        return BOUNDS[group_cost("normalization", kernel, hardware()).bound[0, 0]]

    assert bound(1e5, 4096.0) == "dram"
    assert bound(1e6, 32.0) == "vector"  # full cores reduce rows
    assert bound(8.0, 64.0) == "latency"  # nothing but a start


def test_cores_that_issue_for_half_as_many_lanes_take_twice_as_long_for_instructions(hardware, rowwise):
    kernel = rowwise(RowKind.MOMENTS, 1e5, 2048.0)
    usual, half = (
        group_cost("moments", kernel, hardware(architecture=name)).terms["rows on the cores"][0, 0]
        for name in ("ampere", "cdna2")
    )
    assert half == pytest.approx(2 * usual)
