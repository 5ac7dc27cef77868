from dataclasses import replace

import numpy as np
import pytest

from simulator.cost.families import group_cost
from simulator.cost.solvers import SOLVERS
from simulator.kernels import SearchedConvolution

_GROUP = "searched_convolution"


@pytest.fixture
def kernel(table):
    return table(
        SearchedConvolution,
        number_format="bf16",
        matrix_flops=2.0 * 4 * 256 * 64 * 64,
        bytes_read=4 * 256 * 64 * 2.0 + 64 * 64 * 2.0,
        bytes_written=4 * 256 * 64 * 2.0,
        images=4.0,
        positions=256.0,
        output_channels=64.0,
        input_channels=64.0,
        image_bytes=4 * 256 * 64 * 2.0,
        as_it_lies=True,
    )


def test_the_fastest_as_timed_is_taken(hardware, kernel):
    timed = replace(kernel, timed=np.array([True]))
    cost = group_cost(_GROUP, timed, hardware(architecture="cdna2"))
    tried = [cost.terms[f"time of {name}"][0, 0] or np.inf for name in SOLVERS]
    assert cost.terms["solver"][0, 0] == int(np.argmin(tried))
    assert cost.time[0, 0] == pytest.approx(min(tried))


def test_what_the_host_adds_to_a_product_is_in_measured_times_alone(hardware, kernel):
    large = replace(kernel, image_bytes=np.array([2.0**33]))  # products alone take it
    part = hardware(architecture="cdna2").with_parameters({f"{_GROUP}.transposed": 0.1, f"{_GROUP}.direct_dram": 0.05})
    parameters = {f"{_GROUP}.host": 0.0}
    free = group_cost(_GROUP, large, part.with_parameters(parameters))
    assert SOLVERS[int(free.terms["solver"][0, 0])] == "product as it lies"
    timed = replace(large, timed=np.array([True]))
    measured = [
        group_cost(_GROUP, each, part.with_parameters({f"{_GROUP}.host": 1e-6})).time for each in (large, timed)
    ]
    assert measured[0][0, 0] == pytest.approx(free.time[0, 0])
    assert measured[1][0, 0] == pytest.approx(free.time[0, 0] + 7e-6 + 1e-6)
