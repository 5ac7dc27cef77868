"""What names of kernels tell."""

from __future__ import annotations

import pytest

from tracer.events.kernel_names import ATTENTION, COLLECTIVE, PRODUCT, STREAM, named_work


@pytest.mark.parametrize(
    ("name", "kind", "number_format"),
    [
        ("ampere_fp16_s16816gemm_fp16_128x128_ldg8_f2f_stages_32x5_nn", PRODUCT, "fp16"),
        ("sm90_xmma_gemm_bf16bf16_bf16f32_f32_tn_n_tilesize128x128x64_warpgroupsize1x1x1", PRODUCT, "bf16"),
        ("cutlass_80_tensorop_s1688gemm_128x128_16x4_tn_align4", PRODUCT, "tf32"),
        ("volta_sgemm_64x64_nt", PRODUCT, "fp32"),
        ("nvjet_tst_64x64_64x16_2x1_2cta_v_bz_bias_TNT", PRODUCT, "bf16"),
        ("nvjet_sm100_qqtst_128x256_128x6_2x2_2cta_h_bz_TNT", PRODUCT, "fp8"),
        ("triton_tem_fused_addmm_7", PRODUCT, ""),
        ("Cijk_Ailk_Bljk_HHS_BH_MT128x128x32", PRODUCT, "fp16"),
        (
            "void pytorch_flash::flash_fwd_kernel<pytorch_flash::Flash_fwd_kernel_traits<64, 128, 128, 4, false, "
            "false, cutlass::bfloat16_t> >",
            ATTENTION,
            "bf16",
        ),
        ("fmhaSm100aKernel_QkvE4m3OBfloat16H64PagedKvCausal", ATTENTION, "fp8"),
        ("void at::native::vectorized_elementwise_kernel<4, at::native::CUDAFunctor_add<c10::Half> >", STREAM, ""),
        ("triton_per_fused_native_layer_norm_2", STREAM, ""),
        ("ncclDevKernel_AllReduce_Sum_bf16_RING_LL", COLLECTIVE, ""),
        ("void vllm::cross_device_reduce_1stage<__nv_bfloat16, 8>", COLLECTIVE, ""),
        ("void pytorch_flash::flash_fwd_splitkv_combine_kernel<>", STREAM, ""),
        ("void flashinfer::norm::FusedAddRMSNormKernel<8u, __nv_bfloat16>", STREAM, ""),
        ("void flashinfer::BatchPrefillWithPagedKVCacheKernel<__half>", ATTENTION, "fp16"),
        ("fused_moe_kernel", PRODUCT, ""),
        ("SubTensorOpWithScalar1d", STREAM, ""),
        ("my_kernel", "", ""),
    ],
)
def test_names_of_libraries(name: str, kind: str, number_format: str) -> None:
    found = named_work(name)
    assert (found.kind, found.number_format) == (kind, number_format)
