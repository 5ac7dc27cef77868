"""Products at half the rate that the units have as built, against arithmetic by hand and a published rate."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from hw_specs import CalibrationPool, load_accelerator
from simulator.cost import hardware_columns, kernel_times
from simulator.cost.families.family import parameters_of
from simulator.cost.families.matmul import MATMUL
from simulator.cost.products import at_built_rate, product_cost, runs_as_built
from simulator.kernels import NARROW_SUMS, KernelTables, Product

_TERMS = ("time", "arithmetic", "tile_rows", "tile_columns")


def _product(name: str, size: float) -> Product:
    return Product(
        name="gemm",
        number_format=name,
        matrix_flops=2.0 * size**3,
        bytes_read=4.0 * size**2,
        bytes_written=2.0 * size**2,
        itemsize=2,
        m=size,
        n=size,
        k=size,
    )


def _with_rates(part, *, narrow: float, built: float):
    """Rates of narrow sums and of the units as built over that of the formats that libraries use."""
    rate = part.matrix["bf16"]
    return replace(part, matrix={"bf16": rate, "fp16": rate, NARROW_SUMS: narrow * rate}, matrix_as_built=built * rate)


@pytest.fixture
def slowed(hardware):
    """An accelerator whose 16-bit products run at half the rate that it has as built."""
    return _with_rates(hardware(), narrow=2.0, built=2.0)


def _cost(problem, part, rows):
    parameters = parameters_of(part, MATMUL)
    return at_built_rate(problem, part, parameters, as_built=np.array(rows), role="matrix")


def test_what_is_lost_beside_multiplying_stays_as_it_is_in_time(problem, slowed):
    known = slowed.with_parameters({"matmul.rate": 0.8, "matmul.feed": 40.0, "matmul.alone": 0.5})
    half = _cost(problem(2048, 2048, 2048, hardware=known), known, [False])
    by_hand = known.with_parameters({"matmul.rate": 1 / 1.125, "matmul.feed": 20.0, "matmul.alone": 0.25})
    expected = product_cost(
        problem(2048, 2048, 2048, hardware=by_hand), by_hand, parameters_of(by_hand, MATMUL), role="matrix"
    )
    for name in _TERMS:
        assert getattr(half, name) == pytest.approx(getattr(expected, name))


@pytest.mark.parametrize("built", [1.0, 0.95, math.nan])
def test_units_that_nobody_slows_down_are_as_before(problem, hardware, built):
    same = _with_rates(hardware(), narrow=1.0, built=built)
    plain = product_cost(problem(512, 512, 512, hardware=same), same, parameters_of(same, MATMUL), role="matrix")
    for rows in ([False], [True]):
        assert _cost(problem(512, 512, 512, hardware=same), same, rows).time == pytest.approx(plain.time)


def test_a_part_that_is_slower_in_every_format_loses_no_more_beside_multiplying(problem, hardware):
    known = _with_rates(hardware(), narrow=1.0, built=4.0).with_parameters({"matmul.rate": 0.8})
    by_hand = known.with_parameters({"matmul.rate": 1 / (1 + 0.25 * 0.25), "matmul.feed": 10.0})
    by_hand = by_hand.with_parameters({"matmul.alone": 0.25 * parameters_of(known, MATMUL).alone[0]})
    expected = product_cost(
        problem(2048, 2048, 2048, hardware=by_hand), by_hand, parameters_of(by_hand, MATMUL), role="matrix"
    )
    for rows in ([False], [True]):
        assert _cost(problem(2048, 2048, 2048, hardware=known), known, rows).time == pytest.approx(expected.time)


@pytest.mark.parametrize(
    ("name", "share"),
    [("l40s", 1.0), ("l20", 0.5), ("a10g", 0.5), ("a10", 1.0), ("h20", 0.25), ("rtx-4090", 0.5), ("b200", 1.0)],
)
def test_what_datasheets_say_of_units_as_they_are_built(name, share):
    part = hardware_columns([load_accelerator(name)], CalibrationPool.shipped())
    assert part.matrix["fp16"] / part.matrix_as_built == pytest.approx(share, rel=0.02)


def test_products_that_run_as_built_have_their_own_rows():
    table = KernelTables.from_kernels([_product("fp16", 64), _product(NARROW_SUMS, 64), _product("int8", 64)])
    (products,) = table.tables
    assert runs_as_built(products).tolist() == [False, True, True]


def test_long_products_of_a_card_that_halves_their_rate():
    """155.4 TFLOP/s of 4096 x 4096 x 4096, which no calibration was fitted to."""
    table = KernelTables.from_kernels([_product("fp16", 4096.0)])
    part = hardware_columns([load_accelerator("rtx-4090")], CalibrationPool.shipped())
    time = kernel_times(table, part).time[0, 0]
    assert 2 * 4096.0**3 / time == pytest.approx(155.4e12, rel=0.05)
