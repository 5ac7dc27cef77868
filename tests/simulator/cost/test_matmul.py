from dataclasses import replace

import numpy as np
import pytest

from simulator.cost.matmul import matmul_cost, unit_of, unit_peak


def test_units():
    assert unit_of("vector_matmul") == "vector"
    assert unit_of("matmul8") == "matrix"


def test_peak_follows_the_unit(hardware, matmul):
    assert unit_peak(matmul(64, 64, 64), hardware())[0, 0] == pytest.approx(100e12)
    assert unit_peak(matmul(64, 64, 64, vector=True), hardware())[0, 0] == pytest.approx(10e12)


def test_single_and_batched_fp32_products_keep_their_order(hardware, matmul):
    one = matmul(300, 200, 100, vector=True, itemsize=4.0)
    table = replace(
        one.select(np.zeros(4, dtype=np.int64)),
        batch=np.array([1.0, 8.0, 1.0, 16.0]),
    )
    together = matmul_cost("vector_matmul", table, hardware()).time[:, 0]
    alone = [matmul_cost("vector_matmul", table.select(np.array([i])), hardware()).time[0, 0] for i in range(4)]
    assert together == pytest.approx(alone)


def test_terms_are_shown(hardware, matmul):
    cost = matmul_cost("matmul", matmul(4096, 4096, 4096), hardware())
    assert cost.terms["thread blocks"][0, 0] >= 4096 * 4096 / (256 * 128)
    assert cost.time[0, 0] >= cost.terms["arithmetic"][0, 0]
