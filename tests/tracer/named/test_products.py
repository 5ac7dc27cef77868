"""Products by tile and grid."""

from __future__ import annotations

import pytest

from tracer.graph import TensorSpec
from tracer.named.products import multiplication, tile_of


@pytest.mark.parametrize(
    ("name", "tile"),
    [
        ("void cutlass::Kernel2<cutlass_80_tensorop_bf16_s16816gemm_relu_bf16_128x64_64x6_tn_align8>", (128, 64)),
        ("sm90_xmma_gemm_bf16bf16_bf16f32_f32_tn_n_tilesize128x64x64_warpgroupsize1x1x1", (128, 64)),
        ("ampere_fp16_s16816gemm_fp16_256x128_ldg8_f2f_stages_32x3_nn", (256, 128)),
        ("nvjet_tst_192x8_64x8_4x1_v_bz_TNT", (192, 8)),
        ("Cijk_Ailk_Bljk_BBS_BH_Bias_MT128x96x32_MI16x16x1", (128, 96)),
        ("GemmUniversal<cute::tuple<cute::C<2>, cute::C<1>, cute::C<1> >, cute::tuple<cute::C<128>, cute::C<256>, "
         "cute::C<64> > >", (128, 256)),
        ("volta_sgemm_32x128_tn", (32, 128)),
        ("void gemm_kernel()", None),
    ],
)  # fmt: skip
def test_tiles(name: str, tile: tuple[int, int] | None) -> None:
    assert tile_of(name) == tile


def test_rows_and_columns_follow_from_tile_and_grid() -> None:
    found = multiplication("ampere_fp16_s16816gemm_fp16_128x64_ldg8_f2f_stages_64x3_tn", (6, 13, 1, 128, 1, 1))
    assert found is not None
    assert found.size is None
    op = found.build(512)
    # cuBLAS is column-major: tiles of 128 go along the columns, of 64 along the rows.
    assert op.inputs == (TensorSpec((832, 512), "float16"), TensorSpec((512, 768), "float16"))


def test_narrow_tiles_are_for_few_rows() -> None:
    found = multiplication("nvjet_tst_192x8_64x8_4x1_v_bz_TNT", (132, 1, 1, 256, 1, 1))
    assert found is not None
    assert found.build(64).outputs[0].shape == (8, 132 * 192)


def test_a_batch_is_the_third_axis_unless_the_reduced_one_is_divided() -> None:
    batched = multiplication("volta_sgemm_32x128_tn", (8, 8, 32, 256, 1, 1))
    divided = multiplication("ampere_sgemm_32x128_tn_splitK", (8, 8, 32, 256, 1, 1))
    assert batched is not None
    assert divided is not None
    assert batched.build(64).outputs[0].shape == (32, 1024, 256)
    assert divided.build(64).outputs[0].shape == (1024, 256)


def test_sizes_that_are_compiled_in() -> None:
    found = multiplication("void deep_gemm::fp8_gemm_kernel<7168u, 2048u, 128u, 112u, 128u>", (132, 1, 1, 384, 1, 1))
    assert found is not None
    first, second = found.build(256).inputs
    assert first == TensorSpec((256, 2048), "float8_e4m3fn")
    assert second.shape == (2048, 7168)


@pytest.mark.parametrize("name", ["void cublasLt::splitKreduce_kernel<32, 16>", "void at::native::reduce_kernel<512>"])
def test_what_is_no_product(name: str) -> None:
    assert multiplication(name, (1, 1, 1, 1, 1, 1)) is None


def test_a_vector_has_a_warp_for_each_column() -> None:
    found = multiplication("void gemv2T_kernel_val<int, int, __nv_bfloat16>", (1024, 1, 1, 128, 1, 1))
    assert found is not None
    assert found.build(4096).outputs[0].shape == (1, 4096)
