from dataclasses import replace

import numpy as np
import pytest

from simulator.cost.families import group_cost
from simulator.kernels import Convolution


@pytest.fixture
def convolution(table):
    def build(images, channels, side, out, *, taps=3, vector=True, **options):
        m, k = images * side**2, channels * taps**2
        flops = 2.0 * m * out * k
        return table(
            Convolution,
            number_format="fp32" if vector else "bf16",
            vector_flops=flops if vector else 0.0,
            matrix_flops=0.0 if vector else flops,
            bytes_read=(m * channels + out * k) * 4.0,
            bytes_written=m * out * 4.0,
            itemsize=4.0,
            positions=m,
            output_channels=out,
            reduced_length=k,
            filter_positions=float(taps**2),
            output_height=side,
            output_width=side,
            winograd=taps == 3,
            **options,
        )

    return build


def test_wide_3x3_beats_the_direct_bound_by_winograd(hardware, convolution):
    kernel = convolution(32.0, 512.0, 32.0, 512.0)
    cost = group_cost("vector_convolution", kernel, hardware())
    assert cost.terms["algorithm"][0, 0] > 0
    assert cost.time[0, 0] < kernel.vector_flops[0] / 10e12


def test_other_filters_are_direct(hardware, convolution):
    cost = group_cost("vector_convolution", convolution(32.0, 512.0, 32.0, 512.0, taps=1), hardware())
    assert cost.terms["algorithm"][0, 0] == 0


def test_without_the_image_winograd_is_not_assumed(hardware, convolution):
    kernel = convolution(32.0, 512.0, 32.0, 512.0)
    unknown = replace(kernel, output_height=np.zeros(1))
    assert group_cost("vector_convolution", unknown, hardware()).terms["algorithm"][0, 0] == 0


def test_matrix_units_run_convolutions_as_products(hardware, convolution):
    kernel = convolution(8.0, 320.0, 64.0, 320.0, vector=False)
    time = group_cost("convolution", kernel, hardware()).time[0, 0]
    assert kernel.matrix_flops[0] / 100e12 < time < 3 * kernel.matrix_flops[0] / 100e12


def test_depthwise_streams(hardware, convolution):
    kernel = convolution(8.0, 1.0, 64.0, 1.0, vector=False, depthwise=True)
    time = group_cost("convolution", kernel, hardware()).time[0, 0]
    assert time == pytest.approx(1.6e-6 + kernel.bytes[0] / (0.86 * 1e12))


def test_few_channels_take_a_step_for_each_tap(hardware, convolution):
    # 128^2 positions and 64 channels are 64 tiles of 256 x 64 on 100 cores, in 9 steps of 16 elements of 4 bytes.
    kernel = convolution(1.0, 3.0, 128.0, 64.0, vector=False)
    cost = group_cost("convolution", kernel, hardware())
    assert (cost.terms["tile rows"][0, 0], cost.terms["tile columns"][0, 0]) == (256, 64)

    def busy(matrix):
        return group_cost("convolution", kernel, hardware(matrix=matrix)).terms["arithmetic"][0, 0]

    # A core of 1 GHz computes places of 64 B in a cycle, then multiplies, or waits for four accesses of 16 B a cycle.
    gathered, accesses, multiplied = 320 * 64 / 64e9, 320 * 64 / 16 / 4e9, 2 * 256 * 64 * 16 / (0.95 * 1e12)
    assert busy(1e15) == pytest.approx(9 * (gathered + accesses))
    assert busy(1e14) == pytest.approx(9 * (gathered + multiplied))


@pytest.mark.parametrize(
    ("architecture", "name"), [("ampere", "copies"), ("volta", "registers"), ("cdna2", "registers")]
)
def test_operands_are_gathered_as_the_library_does(hardware, convolution, architecture, name):
    kernel = convolution(32.0, 512.0, 64.0, 512.0, vector=False)

    def times(parameter):
        part = hardware(architecture=architecture).with_parameters({f"convolution.{parameter}": 4.0})
        return group_cost("convolution", kernel, part).time[0, 0]

    other = {"copies": "registers", "registers": "copies"}[name]
    assert times(name) > 2 * times(other)


def test_gathering_takes_more_of_fast_cores(hardware, convolution):
    # A step of 16 channels of 128 x 128 takes 256 clocks for its places, however fast the core multiplies.
    kernel = convolution(32.0, 512.0, 64.0, 512.0, vector=False)

    def rate(matrix):
        part = replace(hardware(matrix=matrix), power_limit=np.array([np.nan]), operand_rate=np.array([1e15]))
        return kernel.matrix_flops[0] / group_cost("convolution", kernel, part).time[0, 0] / matrix

    assert rate(1e13) > 0.9 > 0.75 > rate(2e14)


def test_warp_wide_kernels_run_at_the_rate_of_their_instructions(hardware, convolution):
    flat, volume = (convolution(32.0, 512.0, 64.0, 512.0, vector=False, axes=axes) for axes in (2.0, 3.0))
    part = hardware(architecture="hopper")
    assert part.warp_matrix_share[0] < 1.0
    times = [group_cost("convolution", table, part).terms["arithmetic"][0, 0] for table in (flat, volume)]
    assert times[0] > 1.3 * times[1]


def test_channels_fill_whole_steps_of_each_tap(hardware, convolution):
    # 24 channels of 4 bytes take two steps of 16, as 32 do.
    tail, full = (
        group_cost("convolution", convolution(8.0, c, 64.0, 320.0, vector=False), hardware()).terms["arithmetic"]
        for c in (24.0, 32.0)
    )
    assert tail[0, 0] == full[0, 0]
