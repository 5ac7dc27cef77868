import pytest

from simulator.cost.families import group_cost
from simulator.kernels import AccessPattern, RowKind, RowWise, Scatter, Stream


def test_traffic_and_vector_unit_work_side_by_side(systolic, table):
    kernel = table(Stream, elements=1e6, bytes_read=1e9, bytes_written=1e9, vector_flops=1e6)
    cost = group_cost("systolic_stream", kernel, systolic())
    assert cost.terms["DRAM traffic"][0, 0] == pytest.approx(2e9 / 0.85e12)
    assert cost.time[0, 0] == pytest.approx(3e-6 + 2e9 / 0.85e12, rel=1e-3)


def test_a_long_chain_is_bound_by_its_instructions(systolic, table):
    kernel = table(Stream, elements=1e6, bytes_read=1e6, vector_flops=1e9)
    assert group_cost("systolic_stream", kernel, systolic()).time[0, 0] == pytest.approx(3e-6 + 1e-3, rel=1e-3)


def test_what_is_transposed_moves_more_slowly(systolic, table):
    kernel = table(Stream, elements=1e6, bytes_read=1e9, pattern=AccessPattern.TRANSPOSED)
    assert group_cost("systolic_stream", kernel, systolic()).terms["DRAM traffic"][0, 0] == pytest.approx(1e9 / 0.4e12)


def test_half_of_what_fits_on_chip_stays_there(systolic, table):
    kernel = table(Stream, elements=1e6, bytes_read=4e6, bytes_written=4e6, resident_bytes=4e6)
    assert group_cost("systolic_stream", kernel, systolic()).terms["DRAM traffic"][0, 0] == pytest.approx(4e6 / 0.85e12)


def test_rows_are_read_once(systolic, table):
    kernel = table(RowWise, kind=RowKind.SOFTMAX, rows=1e5, row_length=1e4, bytes_read=2e9, bytes_written=2e9)
    assert group_cost("systolic_rows", kernel, systolic()).time[0, 0] == pytest.approx(3e-6 + 4e9 / 0.85e12)


def test_scattered_rows_are_copies_that_are_asked_for_one_by_one(systolic, table):
    kernel = table(Scatter, rows=1000.0, row_length=128.0)
    assert group_cost("systolic_scatter", kernel, systolic()).time[0, 0] == pytest.approx(3e-6 + 2e-5)


def test_a_second_tensor_takes_as_long_again_where_instructions_read_one(systolic, table):
    part = systolic("trainium1")
    one, two = (
        group_cost("systolic_stream", table(Stream, elements=1e6, vector_flops=1e6, num_inputs=n), part)
        for n in (1.0, 2.0)
    )
    assert two.terms["vector unit"][0, 0] == pytest.approx(2 * one.terms["vector unit"][0, 0])
    assert one.terms["vector unit"][0, 0] == pytest.approx(1e6 / 0.0623e12)
