import numpy as np
import pytest

from simulator.cost.solvers import SearchedConvolutionParameters
from simulator.cost.solvers.tiled import Implicit, implicit_time

_ONE = np.ones((1, 1))


def _product(m, n, k, *, batch=1.0, splits=False):
    return Implicit(
        batch=np.array([batch]),
        m=np.array([m]),
        n=np.array([n]),
        k=np.array([k]),
        itemsize=np.array([2.0]),
        step=64.0,
        row_cost=_ONE,
        column_cost=_ONE,
        peak=100e12 * _ONE,
        gathered=np.array([32.0]),
        splits=splits,
    )


def test_a_block_gathers_and_multiplies_in_turn(hardware):
    usual = SearchedConvolutionParameters.usual(1)
    # 100 tiles of 256 x 128 on 100 cores of 1 GHz and 1000 FLOP a clock, in ten steps of 32.
    step = 2 * 256 * 128 * 32 / (1000 * 0.95) + 64 * (256 + 128) / 32
    time = implicit_time(_product(2560.0, 1280.0, 320.0), hardware(architecture="cdna2"), usual)[0, 0]
    assert time == pytest.approx((450 + 10 * step) / 1e9)


def test_blocks_share_a_long_sum_where_there_are_few_of_them(hardware):
    usual = SearchedConvolutionParameters.usual(1)
    whole, shared = (
        implicit_time(_product(128.0, 128.0, 32000.0, splits=splits), hardware(architecture="cdna2"), usual)[0, 0]
        for splits in (False, True)
    )
    assert shared < whole / 3


def test_tiles_are_those_of_each_part(hardware):
    usual = SearchedConvolutionParameters.usual(1)
    product = _product(16.0, 256.0, 6400.0, batch=100.0)
    narrow, wide = (implicit_time(product, hardware(architecture=name), usual)[0, 0] for name in ("cdna2", "ampere"))
    assert narrow < wide
