"""Attention by head dimension, tile and grid."""

from __future__ import annotations

import pytest

from tracer.named.attention import attention, attention_operator

_FLASH = (
    "void pytorch_flash::flash_fwd_kernel<pytorch_flash::Flash_fwd_kernel_traits<64, 128, 128, 4, false, false, "
    "cutlass::bfloat16_t, pytorch_flash::Flash_kernel_traits<64, 128, 128, 4, cutlass::bfloat16_t> >, false, {}, false>"
)


def test_causal_attention_has_as_many_keys_as_queries() -> None:
    found = attention(_FLASH.format("true"), (5, 16, 16, 128, 1, 1))
    assert found is not None
    assert found.size == 640
    op = found.build(640)
    assert [t.shape for t in op.inputs] == [(1, 256, 640, 64)] * 3
    assert op.attribute("is_causal") is True


def test_keys_are_open_where_it_is_not_causal() -> None:
    found = attention(_FLASH.format("false"), (2, 4, 12, 128, 1, 1))
    assert found is not None
    assert found.size is None
    query, key, _ = found.build(77).inputs
    assert (query.shape, key.shape) == ((1, 48, 256, 64), (1, 48, 77, 64))


@pytest.mark.parametrize(
    ("name", "dim", "operator"),
    [
        ("fmha_cutlassF_bf16_aligned_64x128_rf_sm80", 128, "aten::_scaled_dot_product_efficient_attention"),
        (
            "cudnn_generated_fort_native_sdpa_sm90_flash_fprop_wgmma_f16_knob_7_64x128x96_4x1x1_kernel0_0",
            96,
            "aten::_scaled_dot_product_cudnn_attention",
        ),
        ("fmhaSm100aKernel_QkvE4m3OBfloat16H64PagedKvCausal", 64, "aten::_scaled_dot_product_flash_attention"),
        (
            "void flash::flash_fwd_splitkv_kernel<Flash_fwd_kernel_traits<128, 64, 128>>",
            128,
            "serving::paged_attention",
        ),
    ],
)
def test_libraries(name: str, dim: int, operator: str) -> None:
    found = attention(name, (2, 4, 8, 128, 1, 1))
    assert found is not None
    op = found.build(256)
    assert op.name == operator
    assert op.inputs[0].shape[-1] == dim


def test_decoding_has_one_query_for_each_block() -> None:
    found = attention("void vllm::paged_attention_v1_kernel<uint16_t, uint16_t, 128, 16, 128>", (32, 8, 1, 128, 1, 1))
    assert found is not None
    query, key, _ = found.build(1000).inputs
    assert (query.shape, key.shape) == ((1, 256, 1, 128), (1, 256, 1000, 128))


def test_gradients() -> None:
    name = "void pytorch_flash::flash_bwd_dq_dk_dv_loop_seqk_parallel_kernel<Flash_bwd_kernel_traits<64, 128, 128>>"
    found = attention(name, (4, 2, 8, 256, 1, 1))
    assert found is not None
    assert found.build(512).name == "aten::_scaled_dot_product_flash_attention_backward"


@pytest.mark.parametrize("name", ["void flash::flash_fwd_splitkv_combine_kernel<>", "reshape_and_cache_flash_kernel"])
def test_what_lies_beside_attention_is_none(name: str) -> None:
    assert attention(name, (1, 1, 1, 1, 1, 1)) is None


@pytest.mark.parametrize(
    ("name", "library"),
    [
        ("void pytorch_flash::flash_fwd_kernel<pytorch_flash::Flash_fwd_kernel_traits<64, 128, 128>>", "flash"),
        ("fmha_cutlassF_bf16_aligned_64x128_rf_sm80", "efficient"),
        ("cudnn_generated_fort_native_sdpa_sm90_flash_fprop_wgmma_f16_knob_7_64x128x128_4x1x1", "cudnn"),
        ("void pytorch_flash::flash_bwd_dq_dk_dv_loop_seqk_parallel_kernel<Traits>", ""),
        ("aiter::fmha_fwd_hd128_bf16_rtz", ""),
        ("ampere_bf16_s16816gemm_bf16_128x128_ldg8_f2f_stages_32x5_nn", ""),
    ],
)
def test_the_operator_that_launches_a_kernel(name: str, library: str) -> None:
    assert attention_operator(name) == (f"aten::_scaled_dot_product_{library}_attention" if library else "")
