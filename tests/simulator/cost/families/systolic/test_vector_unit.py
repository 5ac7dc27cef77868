import numpy as np
import pytest

from simulator.cost.families.systolic.grid import Grid
from simulator.cost.families.systolic.vector_unit import vector_time
from simulator.kernels import RowKind, RowWise, Stream


def _time(hardware, table, *, operations, specials):
    return vector_time(
        table,
        hardware,
        Grid.of(hardware.traits),
        operations=np.array([[operations]]),
        specials=np.array([[specials]]),
    )[0, 0]


def test_special_functions_are_instructions_where_they_have_no_unit(systolic, table):
    assert _time(systolic(), table(Stream), operations=1e6, specials=1e6) == pytest.approx(4e6 / 1e12)
    assert _time(systolic("gaudi2"), table(Stream), operations=1e6, specials=1e6) == pytest.approx(2 * 20e6 / 1e12)


def test_special_functions_run_beside_where_they_have_a_unit(systolic, table):
    part = systolic(special={"fp32": np.array([1e10])})
    assert _time(part, table(Stream), operations=1e6, specials=1e6) == pytest.approx(1e6 / 1e10)
    assert _time(part, table(Stream), operations=1e9, specials=1e6) == pytest.approx(1e9 / 1e12)


def test_a_unit_of_special_functions_takes_operations_along(systolic, table):
    # Scale, offset and sum of each go with it: two of five operations are left, at 0.0623 of the published rate.
    part = systolic("trainium1", special={"fp32": np.array([1e12])})
    assert _time(part, table(Stream), operations=5e6, specials=1e6) == pytest.approx(2e6 / 0.0623e12)


def test_published_flops_count_a_multiply_add_as_two(systolic, table):
    # Half of the published FLOPs are elements of an instruction.
    assert _time(systolic("gaudi2"), table(Stream), operations=1e6, specials=0.0) == pytest.approx(2e6 / 1e12)


def test_no_rate_is_no_time(systolic, table):
    assert _time(systolic(vector={}), table(Stream), operations=1e6, specials=0.0) == 0.0


def test_rows_are_reduced_in_float32(systolic, table):
    part = systolic("gaudi2", vector={"fp32": np.array([1e12]), "bf16": np.array([2e12])})
    stream, row = table(Stream, number_format="bf16"), table(RowWise, kind=RowKind.SOFTMAX, number_format="bf16")
    assert _time(part, stream, operations=1e6, specials=0.0) == pytest.approx(1e-6)
    assert _time(part, row, operations=1e6, specials=0.0) == pytest.approx(2e-6)
