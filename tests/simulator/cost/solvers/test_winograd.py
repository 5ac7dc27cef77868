import numpy as np
import pytest

from simulator.cost.solvers import SearchedConvolutionParameters
from simulator.cost.solvers.winograd import KINDS, suits_winograd, winograd_time

_USUAL = SearchedConvolutionParameters.usual(1)


def _clocks(table, hardware, kind=0):
    return winograd_time(KINDS[kind], table, hardware, _USUAL)[0, 0] * 1e9 - 0.35 * KINDS[kind].single.start[0]


def test_a_work_has_a_start_a_step_a_channel_and_an_end(hardware, searched):
    # 4 images of 16 x 16 in tiles of 2 x 2 are 256, 8 works for each of 2 times 32 channels: one on 16 of 100 cores.
    kernel = searched(4.0, 64.0, 16.0, 64.0, number_format="fp32")
    assert _clocks(kernel, hardware()) == pytest.approx((648 + 64 * 308 + 2039) / 0.95)


def test_large_filters_are_walked_piece_by_piece(hardware, searched):
    # Five positions of a row are padded to two pieces of three, which share a start and take two steps a channel.
    kernel = searched(4.0, 64.0, 16.0, 64.0, taps=5.0, number_format="fp32")
    assert _clocks(kernel, hardware()) == pytest.approx((2 * (648 + 2 * 64 * 308) + 2039) / 0.95)


def test_groups_share_the_cores(hardware, searched):
    # Each of 200 groups has one work: two on each of 100 cores.
    kernel = searched(1.0, 8.0, 8.0, 8.0, groups=200.0, number_format="fp32")
    assert _clocks(kernel, hardware()) == pytest.approx(2 * (648 + 8 * 308 + 2039) / 0.95)


@pytest.mark.parametrize(
    ("options", "suits"),
    [
        ({"number_format": "fp32"}, True),
        ({}, False),  # bf16
        ({"number_format": "fp32", "stride": 0.0}, False),
        ({"number_format": "fp32", "winograd": False}, False),
    ],
)
def test_what_the_kernels_take(searched, options, suits):
    assert suits_winograd(searched(1.0, 8.0, 8.0, 8.0, **options)).tolist() == [suits]


def test_more_cores_take_no_longer(hardware, searched):
    kernel = searched(4.0, 64.0, 16.0, 64.0, groups=7.0, number_format="fp32")
    times = [winograd_time(KINDS[1], kernel, hardware(cores=count), _USUAL)[0, 0] for count in range(20, 200, 9)]
    assert np.all(np.diff(times) <= 1e-12)
