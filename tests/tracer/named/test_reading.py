"""Which reader a name belongs to."""

from __future__ import annotations

import pytest

from tracer.named.reading import named_kernel

_GRID = (64, 1, 1, 128, 1, 1)


@pytest.mark.parametrize(
    ("name", "operator"),
    [
        ("void at::native::vectorized_elementwise_kernel<4, silu_kernel(c10::Half)>", "aten::silu"),
        ("triton_poi_fused_add_3", "triton::pointwise"),
        ("fmha_cutlassF_bf16_aligned_64x128_rf_sm80", "aten::_scaled_dot_product_efficient_attention"),
        ("nvjet_tst_64x64_64x16_2x1_2cta_v_bz_bias_TNT", "aten::mm"),
        ("triton_tem_fused_addmm_7", "aten::mm"),
        ("void vllm::rms_norm_kernel<c10::BFloat16, 8, 2>", "_C::rms_norm"),
        ("Memcpy DtoD (Device -> Device)", "aten::clone"),
        ("void moe::dev::finalize::finalizeKernelVecLoad<cutlass::bfloat16_t>", "aten::clone"),
    ],
)  # fmt: skip
def test_readers(name: str, operator: str) -> None:
    found = named_kernel(name, _GRID)
    assert found is not None
    assert found.build(found.size or 128).name == operator


def test_unknown_names_are_of_no_kernel() -> None:
    assert named_kernel("my_kernel", _GRID) is None


@pytest.mark.parametrize("size", [0, -1, 1 << 31, -(1 << 63)])
def test_blocks_that_no_launch_has_tell_nothing(size: int) -> None:
    found = named_kernel("nvjet_tst_64x64_64x16_2x1_2cta_v_bz_bias_TNT", (64, size, 1, 128, 1, 1))
    assert found is not None
    assert found.build(128) == named_kernel("nvjet_tst_64x64_64x16_2x1_2cta_v_bz_bias_TNT", ()).build(128)


def test_without_a_grid_all_sizes_are_open() -> None:
    found = named_kernel("void at::native::vectorized_elementwise_kernel<4, silu_kernel(c10::Half)>", ())
    assert found is not None
    assert found.size is None
