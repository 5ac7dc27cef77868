from dataclasses import replace

import numpy as np
import pytest

from simulator.cost.families import group_cost
from simulator.kernels import AccessPattern, StreamKind

#: Cycles of an element, of an offset and of a conversion, by instructions on 128 lanes. [clk]
_ELEMENT, _OFFSET, _CONVERTED = 20 / 128, 3 / 128, 8 / 128


def test_large_streams_run_at_the_reached_bandwidth(hardware, table):
    add = table(bytes_read=8e9, bytes_written=4e9, elements=1e9)
    assert group_cost("stream", add, hardware()).time[0, 0] == pytest.approx(1.6e-6 + 12e9 / (0.86 * 1e12))


def test_patterns_are_ordered(hardware, table):
    times = [
        group_cost("stream", table(kind=StreamKind.COPY, bytes_read=1e9, bytes_written=1e9, pattern=p), hardware())
        for p in (AccessPattern.CONTIGUOUS, AccessPattern.STRIDED, AccessPattern.TRANSPOSED)
    ]
    plain, strided, transposed = (cost.time[0, 0] for cost in times)
    assert plain < strided < transposed


def test_single_elements_are_bound_by_their_indices(hardware, table):
    # Three operands over two axes: 20 + 6 x 3 instructions an element on 128 lanes of 100 cores of 1 GHz, 4.0 ms;
    # 2.7 GB take 3.1.
    columns = {"bytes_read": 2.7e9, "elements": 1.35e9, "num_inputs": 2.0, "pattern": AccessPattern.BROADCAST}
    cost = group_cost("stream", table(**columns), hardware())
    indices, dram = 1.35e9 * 38 / 128 / 100e9, 2.7e9 / 0.86e12
    assert cost.time[0, 0] == pytest.approx(1.6e-6 + (indices**4 + dram**4) ** (1 / 4))


def test_more_axes_cost_more_offsets(hardware, table):
    def index_time(axes):
        kernel = table(elements=1e9, joined_axes=axes, num_inputs=1.0, pattern=AccessPattern.STRIDED)
        return group_cost("stream", kernel, hardware()).terms["index arithmetic"][0, 0]

    assert index_time(4.0) - index_time(3.0) == pytest.approx(2 * _OFFSET * 1e9 / 100e9)


@pytest.mark.parametrize(("pattern", "offsets"), [(AccessPattern.STRIDED, 6), (AccessPattern.BROADCAST, 3)])
def test_concatenation_runs_in_a_limited_grid(hardware, table, pattern, offsets):
    # Two operands over three axes, or the output alone where inputs are read in order, at half of the rate.
    columns = {
        "kind": StreamKind.CONCATENATION,
        "elements": 1e9,
        "joined_axes": 3.0,
        "num_inputs": 1.0,
        "pattern": pattern,
    }
    terms = group_cost("stream", table(**columns), hardware()).terms
    assert terms["index arithmetic"][0, 0] == pytest.approx(1e9 * (_ELEMENT + offsets * _OFFSET) / 0.5 / 100e9)


def test_lanes_across_lines_are_looked_up_one_by_one(hardware, table):
    # One operand over two axes and its copy: 20 + 12 instructions on 128 lanes, or two lookups in a clock.
    kernel = table(elements=1e9, num_inputs=1.0, joined_axes=2.0, pattern=AccessPattern.TRANSPOSED)
    for rate, clocks in ((2.0, 0.5), (8.0, 32 / 128)):
        part = hardware().with_parameters({"stream.crossed": rate})
        assert group_cost("stream", kernel, part).terms["index arithmetic"][0, 0] == pytest.approx(1e9 * clocks / 100e9)


def test_a_library_transposes_whole_tiles(hardware, table):
    # 6272 tiles of 32 x 32 for 600,000 values.
    kernel = table(
        kind=StreamKind.TILED_TRANSPOSITION,
        elements=6272.0 * 1024,
        bytes_read=1.2e6,
        pattern=AccessPattern.TRANSPOSED,
    )
    terms = group_cost("stream", kernel, hardware()).terms
    assert terms["index arithmetic"][0, 0] == pytest.approx(6272 * 1024 / (8.0 * 100e9))


def test_transcendental_functions_run_on_vector_lanes(hardware, table):
    # 20 instructions on 5e12 lane cycles a second; 3 GB at 0.86 TB/s are shorter and hide in part.
    kernel = table(elements=1e9, bytes_read=1e9, bytes_written=2e9, special_ops=1e9)
    cost = group_cost("stream", kernel, hardware())
    exact, dram = 20e9 / 5e12, 3e9 / 0.86e12
    assert cost.time[0, 0] == pytest.approx(1.6e-6 + (exact**4 + dram**4) ** (1 / 4))


def test_generated_code_takes_approximations(hardware, table):
    kernel = table(elements=1e9, bytes_read=1e9, special_ops=1e9, generated=True)
    terms = group_cost("stream", kernel, hardware()).terms
    assert terms["transcendental functions"][0, 0] == pytest.approx(1e9 / 1.6e12)


def test_generated_chains_have_their_indices_inlined(hardware, table):
    columns = {"bytes_read": 2.7e9, "elements": 1.35e9, "pattern": AccessPattern.BROADCAST}
    chain = table(**columns, generated=True)
    assert group_cost("stream", chain, hardware()).time[0, 0] == pytest.approx(1.6e-6 + 2.7e9 / (0.86 * 1e12))


def test_generated_code_takes_instructions_of_its_own(hardware, table):
    kernel = table(elements=1e9, generated=True)
    part = hardware().with_parameters({"stream.generated": 64.0})
    # 64 instructions an element on 128 lanes of 100 cores of 1 GHz.
    assert group_cost("stream", kernel, part).terms["index arithmetic"][0, 0] == pytest.approx(64 * 1e9 / 12.8e12)


def test_half_the_lanes_take_twice_as_long_for_single_elements(hardware, table):
    kernel = table(elements=1e9, joined_axes=2.0, num_inputs=1.0, pattern=AccessPattern.STRIDED)
    full, half = (replace(hardware(), issued_lanes=np.array([lanes])) for lanes in (128.0, 64.0))
    terms = [group_cost("stream", kernel, part).terms["index arithmetic"][0, 0] for part in (full, half)]
    assert terms[1] == pytest.approx(2 * terms[0])


def test_operands_stay_where_the_cache_has_room_for_them(hardware, table):
    # 30 MB fit 40 MB (up to 3/4), and 0.3 of their traffic stays away from the DRAM; of 50 MB nothing is left.
    def missed(moved):
        kernel = table(bytes_read=moved, resident_bytes=moved)
        return group_cost("stream", kernel, hardware()).terms["DRAM traffic"][0, 0] * 0.86e12 / moved

    assert missed(30e6) == pytest.approx(0.7)
    assert missed(50e6) == pytest.approx(1.0)


@pytest.mark.parametrize(("pattern", "axes"), [(AccessPattern.CONTIGUOUS, 0), (AccessPattern.BROADCAST, 2)])
def test_conversion_takes_single_elements_and_asks_for_their_formats(hardware, table, pattern, axes):
    # Three operands: an offset along each axis that is walked, and a conversion of each.
    kernel = table(elements=1e9, num_inputs=2.0, pattern=pattern, converts=True)
    terms = group_cost("stream", kernel, hardware()).terms
    assert terms["index arithmetic"][0, 0] == pytest.approx(
        1e9 * (_ELEMENT + 3 * (axes * _OFFSET + _CONVERTED)) / 100e9
    )


def test_generated_code_converts_in_vectors(hardware, table):
    kernel = table(elements=1e9, num_inputs=2.0, converts=True, generated=True)
    assert group_cost("stream", kernel, hardware()).terms["index arithmetic"][0, 0] == 0.0


def test_few_outputs_wait_for_one_load_after_another(hardware, table):
    # 1024 outputs of 384 values, four threads each with 24 groups of loads: one round of threads, 23 waits.
    kernel = table(kind=StreamKind.REDUCTION, elements=1024.0, reduced_length=384.0, loads=24.0, bytes_read=786e3)
    cost = group_cost("stream", kernel, hardware())
    assert cost.terms["loads one after another"][0, 0] == pytest.approx(23 * 600e-9)
    assert cost.time[0, 0] == pytest.approx(1.6e-6 + 23 * 600e-9, rel=0.01)


def test_many_outputs_take_rounds_of_threads(hardware, table):
    # 100 cores hold 204800 threads; four for each of 204800 outputs are four rounds.
    kernel = table(kind=StreamKind.REDUCTION, elements=204800.0, reduced_length=384.0, loads=24.0)
    terms = group_cost("stream", kernel, hardware()).terms
    assert terms["loads one after another"][0, 0] == pytest.approx(4 * 23 * 600e-9)


def test_few_threads_keep_up_no_more_than_their_bytes_in_flight(hardware, table):
    """100 cores with 32 threads of 32 bytes in 350 ns: 293 GB/s of the 860 that a copy reaches."""
    part = replace(hardware(), stream_threads=np.array([32.0]))
    terms = group_cost("stream", table(bytes_read=8e9, bytes_written=4e9, elements=1e9), part).terms
    assert terms["DRAM traffic"][0, 0] == pytest.approx(12e9 * 350e-9 / (100 * 32 * 32))


def test_a_gather_divides_by_what_is_no_constant(hardware, table):
    kernel = table(kind=StreamKind.GATHER, elements=1e9, num_inputs=2.0, pattern=AccessPattern.BROADCAST)
    terms = group_cost("stream", kernel, hardware()).terms
    assert terms["index arithmetic"][0, 0] == pytest.approx(1e9 * 2 * _ELEMENT / 0.5 / 100e9)
