import pytest

from simulator.cost.matmul import matmul_cost, unit_of, unit_peak


def test_units():
    assert unit_of("vector_matmul") == "vector"
    assert unit_of("matmul8") == "matrix"


def test_peak_follows_the_unit(hardware, matmul):
    assert unit_peak(matmul(64, 64, 64), hardware())[0, 0] == pytest.approx(100e12)
    assert unit_peak(matmul(64, 64, 64, vector=True), hardware())[0, 0] == pytest.approx(10e12)


def test_single_and_batched_products_choose_from_libraries_of_their_own(hardware, matmul):
    kernel = matmul(64, 64, 4096, vector=True, itemsize=4.0)
    single = matmul_cost("vector_matmul", kernel, hardware()).terms
    batched = matmul_cost("vector_batched", kernel, hardware()).terms
    assert single["splits of the reduced length"][0, 0] > 1
    assert batched["splits of the reduced length"][0, 0] == 1
    assert batched["tile rows"][0, 0] == 128


def test_terms_are_shown(hardware, matmul):
    cost = matmul_cost("matmul", matmul(4096, 4096, 4096), hardware())
    assert cost.terms["thread blocks"][0, 0] >= 4096 * 4096 / (256 * 128)
    assert cost.time[0, 0] >= cost.terms["arithmetic"][0, 0]
