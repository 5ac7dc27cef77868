"""Clock under the power limit, by hand and as a law."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw_specs import CalibrationPool
from simulator.cost import hardware_columns
from simulator.cost.power_limit import Allowance, Draw, draw_of, limited_times, power_at, time_at
from simulator.kernels import KernelTables, Product, Stream, StreamKind

from .conftest import make_accelerator


def _part(*, idle=50.0, limit=150.0, repeats=np.inf, run=None):
    part = hardware_columns([make_accelerator()], CalibrationPool.empty())
    columns = {"power_idle": np.array([idle]), "power_limit": np.array([limit]), "repeats": np.array([repeats])}
    return replace(part, **columns, run=run or {})


def _limited(time, clocked, work, **part):
    draw = Draw(*(np.array([[value]]) for value in (clocked, work)))
    return float(limited_times(np.array([[time]]), draw, _part(**part))[0, 0])


def test_a_kernel_within_the_limit_keeps_its_time():
    assert _limited(1e-3, 1e-3, 0.099) == 1e-3  # 99 of 100 W
    assert _limited(1e-3, 1e-3, 1.0, limit=np.nan) == 1e-3


def test_the_clock_is_that_at_which_the_power_fits():
    # At 0.8 of the clock and 0.88 of the voltage 100 W are what 161.4 W were at boost.
    assert _limited(1e-3, 1e-3, 0.1 / (0.8 * 0.88**2)) == pytest.approx(1e-3 / 0.8, rel=1e-4)


def test_only_the_clocked_part_of_a_time_grows():
    draw = Draw(*(np.array([value]) for value in (0.25e-3, 0.1)))
    assert time_at(np.array([0.5]), np.array([1e-3]), draw) == pytest.approx(1.25e-3)
    # Half the clock takes 0.7 of the voltage.
    assert power_at(np.array([0.5]), np.array([1e-3]), draw) == pytest.approx(0.49 * 0.1 / 1.25e-3)


def test_a_short_kernel_alone_is_not_held():
    long, short = (_limited(1e-3, 1e-3, 0.2, repeats=repeats) for repeats in (np.inf, 1.0))
    assert long > 1.2e-3
    assert short == 1e-3


def test_a_controller_that_looks_at_less_holds_shorter_kernels():
    draw = Draw(*(np.array([[value]]) for value in (1e-3, 0.2)))
    slow, fast = _part(repeats=1.0), replace(_part(repeats=1.0), power_window=np.array([1e-5]))
    assert limited_times(np.array([[1e-3]]), draw, slow)[0, 0] == 1e-3
    # Of windows of 10 us a kernel of 1 ms fills all.
    held = limited_times(np.array([[1e-3]]), draw, fast)[0, 0]
    assert held == pytest.approx(_limited(1e-3, 1e-3, 0.2), rel=1e-4)


def test_a_short_kernel_has_the_clock_of_its_run():
    # A run of seven times the limit, in the flat part of the voltage, and kernels of it that draw much or nothing.
    run = {name: np.array([x]) for name, x in {"time": 10.0, "clocked": 10.0, "work": 7000.0}.items()}
    heavy, light = (_limited(1e-6, 1e-6, work, repeats=1.0, run=run) for work in (1e-3, 0.0))
    assert heavy == pytest.approx(light, rel=1e-2)
    # 100 W of 700 W, of which 0.7 of the voltage leave 0.49.
    assert light == pytest.approx(1e-6 * 0.49 * 7, rel=1e-3)


def test_a_part_of_a_run_within_its_limit_is_not_held():
    run = {name: np.array([x]) for name, x in {"time": 10.0, "clocked": 5.0, "work": 400.0}.items()}
    assert _limited(1e-6, 1e-6, 1e-3, repeats=1.0, run=run) == 1e-6


@settings(max_examples=200, deadline=None)
@given(
    time=st.floats(1e-6, 1.0),
    clocked=st.floats(0.0, 1.0),
    power=st.floats(0.0, 5000.0),
    faster=st.floats(0.05, 1.0),
    repeats=st.sampled_from([1.0, 50.0, np.inf]),
)
def test_whatever_shortens_a_kernel_at_boost_shortens_it_at_the_limit(time, clocked, power, faster, repeats):
    work = power * time
    before = _limited(time, clocked * time, work, repeats=repeats)
    shorter = _limited(time * (1 - clocked * (1 - faster)), clocked * faster * time, work, repeats=repeats)
    assert shorter <= before * (1 + 1e-4)


def test_what_kernels_draw_by_hand():
    part = replace(
        hardware_columns([make_accelerator()], CalibrationPool.empty()),
        power_active=np.array([70.0]),
        power_active_vector=np.array([90.0]),
        energy={name: np.array([1e-12]) for name in ("matrix", "vector", "special", "score", "dram", "cache")},
    )
    time, clocked = np.array([[1e-3]]), np.array([[2e-3]])
    moved = {"bytes_read": 3e8, "bytes_written": 1e8}
    kernel = Product(name="gemm", number_format="bf16", matrix_flops=1e12, m=1, n=1, k=1, **moved)
    (table,) = KernelTables.from_kernels([kernel]).tables
    draw = draw_of(table, part, time=time, clocked=clocked)
    assert draw.work[0, 0] == pytest.approx(1.0 + 0.07 + 2 * 4e8 * 1e-12)
    assert draw.clocked[0, 0] == 1e-3
    copy = Stream(name="copy", number_format="fp32", kind=StreamKind.COPY, elements=1e8, **moved)
    (table,) = KernelTables.from_kernels([copy]).tables
    assert draw_of(table, part, time=time, clocked=clocked).work[0, 0] == pytest.approx(0.07 + 2 * 4e8 * 1e-12)


def test_algorithms_that_multiply_less_draw_less():
    part = replace(
        hardware_columns([make_accelerator()], CalibrationPool.empty()),
        power_active=np.array([0.0]),
        energy={name: np.array([1e-12]) for name in ("matrix", "vector", "special", "score", "dram", "cache")},
    )
    kernel = Product(name="gemm", number_format="bf16", matrix_flops=1e12, m=1, n=1, k=1)
    (table,) = KernelTables.from_kernels([kernel]).tables
    time = np.array([[1e-3]])
    assert draw_of(table, part, time=time, clocked=time, done=np.array([[0.25]])).work[0, 0] == pytest.approx(0.25)


def _product_table():
    kernel = Product(name="gemm", number_format="bf16", matrix_flops=1e12, m=1, n=1, k=1)
    return KernelTables.from_kernels([kernel]).tables[0]


def test_an_allowance_gives_the_times_that_a_choice_has_within_the_limit():
    table, time, clocked = _product_table(), np.array([[1e-3]]), np.array([[0.8e-3]])
    part = _part()
    part = replace(part, power_active=np.array([70.0]), energy={**part.energy, "matrix": np.array([1e-13])})
    limit = Allowance.of(table, part)
    draw = draw_of(table, part, time=time, clocked=clocked)
    expected = limited_times(time, draw, part)
    assert expected > time
    assert limit.times(time, clocked) == pytest.approx(expected)
    assert limit.at(np.array([0]), np.array([0])).times(time[0], clocked[0]) == pytest.approx(expected[0])


def test_time_beside_a_choice_draws_and_waits_too():
    table, part = _product_table(), replace(_part(), power_active=np.array([200.0]))
    time, beside = np.array([[0.6e-3]]), np.array([[0.4e-3]])
    whole = Allowance.of(table, part).times(time + beside, time)
    assert Allowance.of(table, part, beside=beside).times(time, time) == pytest.approx(whole - beside)
    assert whole > time + beside


def test_a_share_of_the_operations_draws_less():
    table = _product_table()
    part = _part()
    part = replace(part, energy={**part.energy, "matrix": np.array([2e-13])})
    half = Allowance.of(table, part, done=np.array([[0.5]]))
    assert half.energy[0, 0] == pytest.approx(Allowance.of(table, part).energy[0, 0] - 0.1)


def test_no_limit_allows_everything():
    assert Allowance.of(_product_table(), _part(limit=np.nan)) is None
