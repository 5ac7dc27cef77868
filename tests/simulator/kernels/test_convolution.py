import numpy as np
import pytest

from simulator.kernels import Convolution, ConvolutionTable


def _table(**columns) -> ConvolutionTable:
    extents = {"positions": 64, "output_channels": 32, "reduced_length": 144, "filter_positions": 9}
    kernel = Convolution(name="conv", number_format="fp32", **extents, **columns)
    return ConvolutionTable.from_kernels([kernel], np.ones(1))


def test_input_channels_are_what_each_position_of_the_filter_adds():
    assert _table().input_channels.tolist() == [16]


@pytest.mark.parametrize(
    ("columns", "may"),
    [
        ({"vector_flops": 9.0, "winograd": True}, True),
        ({"matrix_flops": 9.0, "winograd": True}, False),
        ({"vector_flops": 9.0, "winograd": True, "depthwise": True}, False),
        ({"vector_flops": 9.0}, False),
    ],
)
def test_winograd_runs_where_it_applies_and_on_vector_units(columns, may):
    assert _table(**columns).may_run_winograd.tolist() == [may]


def test_winograd_multiplies_less():
    # F(2x2, 3x3): 16 multiplications for 36.
    assert _table(vector_flops=9.0, winograd=True).least_vector_flops.tolist() == [4.0]
    assert _table(vector_flops=9.0).least_vector_flops.tolist() == [9.0]
