import numpy as np
import pytest

from simulator.cost import BOUNDS, UnsupportedFormatError, kernel_times
from simulator.cost.roofline import roofline_terms, vector_time
from simulator.kernels import Collective, CollectiveAlgorithm, Convolution, KernelTables, Product


def test_product_by_hand(hardware, matmul):
    # 2 * 1000^3 FLOP at 100 TFLOP/s; 3 MB * 2 B at 1 TB/s.
    terms = roofline_terms(matmul(1000, 1000, 1000), hardware())
    assert terms["matrix"][0, 0] == pytest.approx(20e-6)
    assert terms["dram"][0, 0] == pytest.approx(6e-6)
    assert terms["l2"][0, 0] == pytest.approx(1.5e-6)


def test_resident_input_is_served_from_the_cache_as_far_as_it_fits(hardware, table):
    warm = table(bytes_read=60e6, bytes_written=0.0, resident_bytes=60e6)
    assert roofline_terms(warm, hardware(cache=40e6))["dram"][0, 0] == pytest.approx(20e-6)
    assert roofline_terms(warm, hardware(cache=80e6))["dram"][0, 0] == 0.0


def test_winograd_lowers_the_bound_on_vector_units(hardware, table):
    direct, winograd = (table(Convolution, winograd=choice, vector_flops=9e9) for choice in (False, True))
    assert vector_time(direct, hardware())[0, 0] == pytest.approx(9e9 / 1e13)
    assert vector_time(winograd, hardware())[0, 0] == pytest.approx(4e9 / 1e13)


def test_half_precision_arithmetic_outside_products_runs_in_fp32(hardware, table):
    terms = roofline_terms(table(number_format="bf16", vector_flops=1e9), hardware())
    assert terms["vector"][0, 0] == pytest.approx(1e-4)


def test_missing_format_names_part_format_and_what_is_valid(hardware):
    fp8 = KernelTables.from_kernels([Product(name="gemm", number_format="fp8", matrix_flops=1e9, m=1, n=1, k=1)])
    with pytest.raises(UnsupportedFormatError, match=r"test part .*gemm.* no matrix peak for fp8; valid: bf16"):
        kernel_times(fp8, hardware(), fidelity="roofline")


def test_all_reduce_cannot_beat_the_link(hardware, table):
    reduce = table(Collective, algorithm=CollectiveAlgorithm.ALL_REDUCE, message_bytes=8e9, num_ranks=8.0)
    assert roofline_terms(reduce, hardware())["link"][0, 0] == pytest.approx(7e9 / 1e11)


def test_terms_are_in_the_order_of_the_bounds(hardware, matmul):
    assert tuple(roofline_terms(matmul(8, 8, 8), hardware())) == BOUNDS
    assert np.isfinite(np.stack(list(roofline_terms(matmul(8, 8, 8), hardware()).values()))).all()
