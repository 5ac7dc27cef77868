"""Ratios of datasheet rates."""

from __future__ import annotations

import math

import pytest

from hw_specs import load_accelerator
from simulator.projection.rooflines import RatioRange, roofline_ratios, unknown_ratio

_A100, _H100, _P100 = (load_accelerator(name) for name in ("a100", "h100", "p100"))


def test_ratios_are_those_of_the_datasheets() -> None:
    ratios = roofline_ratios(_A100, _H100, formats=("fp16",), links=True)
    assert ratios == {
        "memory": pytest.approx(2.039 / 3.35, rel=1e-3),
        "fp16": pytest.approx(312 / 989.4, rel=1e-2),
        "links": pytest.approx(300 / 450),
    }


def test_a_part_without_matrix_units_computes_in_its_vector_units() -> None:
    ratio = roofline_ratios(_P100, _H100, formats=("bf16",))["bf16"]
    assert ratio == pytest.approx(_P100.peak.vector["fp32"] / _H100.peak.matrix["bf16"])


def test_a_short_kernel_may_stay_as_it_is() -> None:
    long = unknown_ratio(_A100, _H100, "", 1e-3, formats=("fp16",))
    short = unknown_ratio(_A100, _H100, "", 3e-6, formats=("fp16",))
    assert long.high == pytest.approx(2.039 / 3.35, rel=1e-3)
    assert (short.low, short.high) == (long.low, 1.0)


def test_a_name_leaves_fewer_resources_that_can_bound_a_kernel() -> None:
    """Memory 2.039 and 3.35 TB/s; fp16 312 and 989.4, tf32 156 and 494.7 TFLOP/s; links 300 and 450 GB/s."""
    memory = 2.039 / 3.35
    product = unknown_ratio(_A100, _H100, "sm80_xmma_gemm_f16f16_f16f32_f32_tn_n_tilesize128x128x32", 1e-3)
    assert (product.low, product.high) == pytest.approx((312 / 989.4, memory), rel=1e-2)
    stream = unknown_ratio(_A100, _H100, "triton_poi_fused_add_mul_3", 1e-3)
    assert stream.middle == pytest.approx(memory, rel=1e-2)
    assert stream.high / stream.low == pytest.approx(math.exp(0.4))
    collective = unknown_ratio(_A100, _H100, "ncclDevKernel_AllReduce_Sum_bf16_RING_LL", 1e-3)
    assert (collective.low, collective.high) == pytest.approx((memory, 300 / 450), rel=1e-2)


def test_the_middle_is_as_far_from_both_ends() -> None:
    assert RatioRange(low=0.5, high=2.0).middle == 1.0


def test_onto_itself_nothing_moves() -> None:
    assert set(roofline_ratios(_A100, _A100, links=True).values()) == {1.0}
