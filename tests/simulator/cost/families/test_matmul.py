from dataclasses import replace

import pytest

from hw_specs import CalibrationPool, load_accelerator
from simulator.cost import hardware_columns
from simulator.cost.families import GROUPS, group_cost, groups_of
from simulator.cost.families.matmul import access_width, unit_peak
from simulator.kernels import KernelTables, Product


def test_peak_follows_the_unit(hardware, matmul):
    assert unit_peak(matmul(64, 64, 64), hardware())[0, 0] == pytest.approx(100e12)
    assert unit_peak(matmul(64, 64, 64, vector=True), hardware())[0, 0] == pytest.approx(10e12)


def test_single_and_batched_products_choose_from_libraries_of_their_own(hardware, matmul):
    kernel = matmul(64, 64, 4096, vector=True, itemsize=4.0)
    single = group_cost("vector_matmul", kernel, hardware()).terms
    batched = group_cost("vector_batched", kernel, hardware()).terms
    assert single["splits of the reduced length"][0, 0] > 1
    assert batched["splits of the reduced length"][0, 0] == 1
    assert batched["tile rows"][0, 0] == 128


def test_terms_are_shown(hardware, matmul):
    cost = group_cost("matmul", matmul(4096, 4096, 4096), hardware())
    assert cost.terms["thread blocks"][0, 0] >= 4096 * 4096 / (256 * 128)
    assert cost.time[0, 0] >= cost.terms["arithmetic"][0, 0]


@pytest.mark.parametrize(
    ("shape", "width"),
    [
        ((4096, 4096, 4096), 16),
        ((4096, 77, 64), 2),
        ((77, 4096, 64), 16),
        ((64, 64, 3137), 2),
        ((64, 100, 64), 8),
        ((4096, 1, 4096), 16),
        ((1, 50257, 768), 16),
    ],
)
def test_width_of_accesses_follows_the_length_of_rows(matmul, shape, width):
    assert access_width(matmul(*shape)).tolist() == [width]


def test_vector_units_move_elements_one_by_one_anyway(matmul):
    assert access_width(matmul(64, 77, 63, vector=True, itemsize=4.0)).tolist() == [16]


def test_cores_with_as_many_lanes_as_they_issue_for_share_their_slots(hardware, matmul):
    # 100 cores of 1 GHz: 128 lanes are 25.6 TFLOP/s, of which three in four instructions multiply.
    kernel = matmul(64, 64, 64, vector=True, itemsize=4.0)
    assert unit_peak(kernel, hardware(vector=25.6e12))[0, 0] == pytest.approx(19.2e12)
    assert unit_peak(kernel, hardware(vector=12.8e12))[0, 0] == pytest.approx(12.8e12)


@pytest.mark.parametrize(
    ("part", "dtype", "tile"), [("b200", "fp8", 16), ("b200", "bf16", None), ("h100", "fp8", None)]
)
def test_experts_in_few_bits_are_generated_where_a_library_does(part, dtype, tile):
    itemsize = 1.0 if dtype == "fp8" else 2.0
    hardware = hardware_columns([load_accelerator(part)], CalibrationPool.shipped())
    experts = Product(
        name="grouped_gemm",
        number_format=dtype,
        matrix_flops=2.0 * 128 * 24 * 1024 * 2048,
        bytes_read=128.0 * (24 + 1024) * 2048 * itemsize,
        bytes_written=128.0 * 24 * 1024 * 2,
        itemsize=itemsize,
        batch=128.0,
        m=24.0,
        n=1024.0,
        k=2048.0,
        routed=True,
    )
    (routed,) = KernelTables.from_kernels([experts]).tables
    (plain,) = KernelTables.from_kernels([replace(experts, routed=False)]).tables
    group = GROUPS[int(groups_of(routed, "simt")[0])]
    own, other = (group_cost(group, table, hardware) for table in (routed, plain))
    if tile is None:
        assert own.time[0, 0] == other.time[0, 0]
    else:
        assert own.terms["tile rows"][0, 0] == tile
        assert own.time[0, 0] > other.time[0, 0]
