import pytest

from hw_specs import load_accelerator
from simulator.cost import HardwareColumns
from simulator.cost.matmul import access_width, matmul_cost, unit_of, unit_peak
from simulator.kernels import Kernel, KernelFamily, KernelTable


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


@pytest.mark.parametrize(("number_format", "teraflops"), [("fp16", 9.3), ("fp32", 9.3)])
def test_pascal_sums_in_fp32_and_multiplies_at_its_rate(number_format, teraflops):
    part = load_accelerator("p100")
    assert part.peak.vector["fp16"] == 18.7e12
    kernel = Kernel(
        name="gemm",
        family=KernelFamily.MATMUL,
        number_format=number_format,
        vector_flops=2.0 * 256**3,
        bytes_read=4.0 * 256**2,
        bytes_written=2.0 * 256**2,
        itemsize=2,
        m=256,
        n=256,
        k=256,
    )
    hardware = HardwareColumns.from_accelerators([part], calibrations=())
    assert unit_peak(KernelTable.from_kernels([kernel]), hardware)[0, 0] == pytest.approx(teraflops * 1e12)
