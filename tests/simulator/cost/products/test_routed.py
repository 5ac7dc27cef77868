"""Products of experts in generated kernels against arithmetic by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hw_specs.tiles import load_tile_library
from simulator.cost.families.family import parameters_of
from simulator.cost.families.matmul import MATMUL
from simulator.cost.products import ProductCost, routed_cost

_LIBRARY = load_tile_library("generated_experts")
_IDEAL = {"matmul.floor": 0.0, "matmul.start": 0.0}
_EXPERTS, _N, _K = 100, 1024, 3072


@pytest.fixture
def cost(problem, hardware) -> Callable[[float], ProductCost]:
    """Function: cost of products of so many rows of a byte, whose weights take half a byte each."""
    part = hardware().with_parameters(_IDEAL)

    def of(m: float) -> ProductCost:
        reads = np.array([_EXPERTS * (m * _K + 0.5 * _N * _K)])
        rows = replace(problem(m, _N, _K, hardware=part, batch=float(_EXPERTS)), itemsize=np.array([1.0]), reads=reads)
        return routed_cost(rows, part, parameters_of(part, MATMUL), _LIBRARY, l2=np.array([0.5]))

    return of


@pytest.mark.parametrize(
    ("rows", "tile", "tiles"), [(1, 8, 1), (16, 8, 2), (27.75, 16, 2), (33, 32, 2), (100, 64, 2), (1000, 64, 16)]
)
def test_the_tile_is_the_power_of_two_below_the_one_that_holds_the_rows(cost, rows, tile, tiles):
    found = cost(rows)
    assert found.tile_rows[0, 0] == tile
    assert found.blocks[0, 0] == _EXPERTS * tiles * _N / 128


def test_each_tile_of_rows_reads_the_weights_anew(cost, hardware):
    read = _EXPERTS * 2 * (_N / 128) * _K * (16 + 128 * 0.5)
    assert cost(32).l2[0, 0] == pytest.approx(read / (0.5 * hardware().operand_rate[0]))


def test_weights_fill_shared_memory_as_bytes(cost, hardware):
    """Two tiles of eight blocks of 100 experts on 100 cores: 16 one after another, of 12 steps of 256 B each."""
    part = hardware().with_parameters(_IDEAL)
    own = parameters_of(part, MATMUL)
    moving = 12 * 256 * (16 + 128) / (16 * own.accesses[0] * part.core_clock[0])
    multiplying = 2 * _K * 30 * (16 + 128) / (own.rate[0] * 100e12 / 100)
    assert cost(32).waves[0, 0] == 16
    assert cost(32).arithmetic[0, 0] == pytest.approx(16 * 4 * own.alone[0] * max(moving, multiplying))


def test_more_rows_never_take_less(cost):
    times = [cost(rows).time[0, 0] for rows in range(1, 300)]
    assert (np.diff(times) > -1e-12).all()
