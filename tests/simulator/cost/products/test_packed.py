"""Products of packed weights against arithmetic by hand."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.cost.families.family import parameters_of
from simulator.cost.families.matmul import MATMUL
from simulator.cost.products import packed_cost

_IDEAL = {"matmul.floor": 0.0, "matmul.start": 0.0}


@pytest.fixture
def cost(problem, hardware):
    """Function: cost of a product ``m x n x k`` whose weights take half a byte."""
    part = hardware().with_parameters(_IDEAL)

    def of(m: float, n: float, k: float):
        plain = problem(m, n, k, hardware=part)
        reads = np.array([2.0 * m * k + 0.5 * n * k])
        packed = type(plain)(
            **{name: getattr(plain, name) for name in plain.__dataclass_fields__ if name != "reads"}, reads=reads
        )
        return packed_cost(packed, part, parameters_of(part, MATMUL))

    return of


def test_every_block_reads_its_rows_and_its_columns(cost, hardware):
    part = hardware().with_parameters(_IDEAL)
    rate = parameters_of(part, MATMUL).l2[0] * part.operand_rate[0]
    blocks = (1600 / 16) * (4096 / 8)
    assert cost(1600, 4096, 4096).l2[0, 0] == pytest.approx(blocks * 4096 * (16 * 2 + 8 * 0.5) / rate)
    assert cost(1, 4096, 4096).l2[0, 0] == pytest.approx((4096 / 8) * 4096 * (2 + 8 * 0.5) / rate)


def test_one_row_streams_its_weights(cost):
    found = cost(1, 16384, 16384)
    assert found.dram[0, 0] == pytest.approx(16384 * 16384 * 0.5 / (0.9 * 0.95 * 1e12), rel=0.01)
    assert found.time[0, 0] == pytest.approx(found.dram[0, 0], rel=0.2)


def test_rows_beyond_a_block_read_all_weights_anew(cost):
    few, many = (cost(m, 8192, 8192).time[0, 0] for m in (16 * 64, 16 * 128))
    assert many == pytest.approx(2 * few, rel=0.02)


def test_more_rows_never_take_less(cost):
    times = [cost(m, 4096, 4096).time[0, 0] for m in (1, 2, 8, 16, 17, 64, 512)]
    assert times == sorted(times)
