import numpy as np
import pytest

from simulator.cost.families import group_cost
from simulator.kernels import Convolution, Product


def test_a_large_product_streams_at_its_share_of_the_rate(systolic, matmul):
    cost = group_cost("systolic_product", matmul(8192, 8192, 8192), systolic())
    filling = 256 / 1.5e9
    assert cost.terms["grid"][0, 0] == pytest.approx(2 * 8192**3 / (0.8 * 100e12) + filling)
    assert cost.time[0, 0] == pytest.approx(cost.terms["grid"][0, 0], rel=0.02)


def test_a_single_row_takes_the_time_of_its_weights(systolic, matmul):
    fast = systolic(matrix={"bf16": np.array([1e15])})
    cost = group_cost("systolic_product", matmul(1, 8192, 8192), fast)
    assert cost.terms["DRAM traffic"][0, 0] == pytest.approx((8192**2 + 2 * 8192) * 2 / 0.9e12)
    assert cost.time[0, 0] == pytest.approx(3e-6 + cost.terms["DRAM traffic"][0, 0], rel=0.03)


def test_half_of_what_an_earlier_kernel_left_on_chip_stays_there(systolic, table):
    sizes = {"m": 4096.0, "n": 512.0, "k": 512.0, "bytes_read": 8e6, "number_format": "bf16", "matrix_flops": 2.1e9}
    cold, warm = (table(Product, resident_bytes=resident, **sizes) for resident in (0.0, 4e6))
    traffic = [group_cost("systolic_product", each, systolic()).terms["DRAM traffic"][0, 0] for each in (cold, warm)]
    assert traffic == pytest.approx([8e6 / 0.9e12, 6e6 / 0.9e12])


@pytest.fixture
def convolution(table):
    def build(channels, positions, *, taps=9.0, depthwise=False):
        return table(
            Convolution,
            number_format="bf16",
            matrix_flops=2.0 * positions * 128 * taps * channels,
            bytes_read=2.0 * (positions * channels + 128 * taps * channels),
            positions=float(positions),
            output_channels=128.0,
            reduced_length=taps * channels,
            filter_positions=taps,
            depthwise=depthwise,
        )

    return build


def test_each_position_of_a_filter_pads_its_channels_to_the_grid(systolic, convolution):
    # 320 channels take three blocks of 128 rows at each of nine positions.
    grid = group_cost("systolic_convolution", convolution(320, 4096), systolic()).terms["grid"][0, 0]
    assert grid == pytest.approx(2 * 4096 * 128 * 9 * 384 / 80e12 + 256 / 1.5e9)


def test_few_channels_share_the_grid(systolic, convolution):
    # Four channels pad to eight, of which sixteen positions share 128 rows: one block for all nine.
    grid = group_cost("systolic_convolution", convolution(4, 4096), systolic()).terms["grid"][0, 0]
    assert grid == pytest.approx(2 * 4096 * 128 * 128 / 80e12 + 256 / 1.5e9)


def test_a_depthwise_convolution_runs_on_the_vector_unit(systolic, convolution):
    cost = group_cost("systolic_convolution", convolution(1, 1_000_000, depthwise=True), systolic())
    assert cost.terms["grid"][0, 0] == 0.0
    assert cost.terms["vector unit"][0, 0] == pytest.approx(2 * 1e6 * 128 * 9 / 1e12)


def test_memory_on_chip_decides_what_is_read_again(systolic, matmul):
    kernel = matmul(100_000, 100_000, 4096)
    small, large = (
        group_cost("systolic_product", kernel, systolic(cache_capacity=np.array([size]))).terms["read again"][0, 0]
        for size in (16e6, 128e6)
    )
    assert small > large > 0.0


@pytest.mark.parametrize("shape", [(1, 8192, 8192), (300, 5000, 700), (20_000, 20_000, 30_000)])
def test_more_of_a_resource_never_costs_time(systolic, matmul, shape):
    part, kernel = systolic(), matmul(*shape)
    usual = group_cost("systolic_product", kernel, part).time[0, 0]
    for name in ("dram_bandwidth", "cache_capacity", "clock"):
        times = [
            group_cost("systolic_product", kernel, systolic(**{name: factor * getattr(part, name)})).time[0, 0]
            for factor in np.geomspace(1.0, 16.0, 20)
        ]
        assert times[0] == usual
        assert (np.diff(times) <= 1e-12 * usual).all()
    assert group_cost("systolic_product", kernel, systolic(matrix={"bf16": np.array([2e14])})).time[0, 0] <= usual
