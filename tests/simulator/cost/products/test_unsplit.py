"""Blocks of one tile each over the whole reduced length, against arithmetic by hand."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.cost.families.family import parameters_of
from simulator.cost.families.matmul import MATMUL
from simulator.cost.products.unsplit import bytes_of_block, num_blocks, unsplit_cost

_TILE = np.array([16.0]), np.array([128.0])


def test_a_tile_that_is_not_full_is_a_block(problem, hardware):
    assert num_blocks(problem(33, 200, 64, hardware=hardware()), *_TILE).tolist() == [[3 * 2]]


def test_a_block_reads_the_rows_that_there_are(problem, hardware):
    few, many = (bytes_of_block(problem(m, 256, 64, hardware=hardware()), *_TILE) for m in (3, 100))
    assert few.tolist() == [3 * 64 * 2 + 128 * 64 * 2]
    assert many.tolist() == [16 * 64 * 2 + 128 * 64 * 2]


def test_the_slower_of_cores_and_l2_sets_the_pace(problem, hardware):
    part = hardware().with_parameters({"matmul.floor": 1e-6})
    plain = problem(16, 128, 64, hardware=part)
    tile = {"rows": _TILE[0], "columns": _TILE[1], "access": np.array([16.0])}

    def time(arithmetic: float, exposed: float, l2: float) -> float:
        terms = {"arithmetic": arithmetic, "exposed": exposed, "l2": l2}
        shaped = {name: np.array([[value]]) for name, value in terms.items()}
        found = unsplit_cost(plain, part, parameters_of(part, MATMUL), **tile, **shaped)
        assert (found.blocks[0, 0], found.waves[0, 0], found.splits[0, 0]) == (1, 1, 1)
        return float(found.time[0, 0])

    assert time(2.0, 1.0, 0.5) == pytest.approx(1e-6 + 3.0)
    assert time(2.0, 1.0, 5.0) == pytest.approx(1e-6 + 5.0)
