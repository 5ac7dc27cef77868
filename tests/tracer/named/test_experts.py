"""Weights of fused experts by grids."""

from __future__ import annotations

import pytest

from tracer.graph import Op, TensorSpec
from tracer.named.experts import experts_of

_CALL = Op(
    "vllm::moe_forward", (TensorSpec((888, 3072), "bfloat16"), TensorSpec((888, 128), "bfloat16")), ()
)  # fmt: skip
_FIRST = "bmm_MxE4m3_MxE2m1MxE4m3_Fp32_t128x16x256u2_s3_et128x16_m128x16x32_rM_TN_transOut_schedP2_clmp_swiGlu_dynBatch"
_SECOND = "bmm_Bfloat16_MxE2m1MxE4m3_Fp32_t128x16x256u2_s3_et128x16_m128x16x32_rM_TN_transOut_schedP2_dynBatch"


def test_generated_products() -> None:
    """128 experts, 4 of them for each of 888 tokens: 128 + (3552 - 128) / 16 = 342 tiles of tokens."""
    found = experts_of(_CALL, [(_FIRST, (8, 342, 1, 576, 1, 1)), (_SECOND, (24, 342, 1, 480, 1, 1))])
    assert found is not None
    tokens, first, second, weights, _ = found.inputs
    assert tokens == TensorSpec((888, 3072), "float8_e4m3fn")
    assert found.outputs[0].dtype == "bfloat16"
    assert first == TensorSpec((128, 1024, 3072), "float4_e2m1fn_x2")
    assert second.shape == (128, 3072, 512)
    assert weights.shape == (888, 4)


def test_formats_that_are_alike_are_named_once() -> None:
    name = "bmm_Bfloat16_E4m3_Fp32_t128x8x128_s6_swiGlu_transOut_dynBatch"
    found = experts_of(_CALL, [(name, (8, 128, 1, 576, 1, 1))])
    assert found is not None
    assert {t.dtype for t in found.inputs[:3]} == {"float8_e4m3fn"}


def test_triton_products() -> None:
    """Grids of 5 x 12 and 5 x 24 blocks: the first weight has half as many rows as the second, 1536."""
    launched = [
        ("fused_moe_kernel", (60, 1, 1, 128, 1, 1)),
        ("void vllm::act_and_mul_kernel<c10::BFloat16>", (888 * 8, 1, 1, 256, 1, 1)),
        ("fused_moe_kernel", (120, 1, 1, 128, 1, 1)),
    ]
    found = experts_of(_CALL, launched)
    assert found is not None
    assert found.inputs[1].shape == (128, 1536, 3072)
    assert found.inputs[3].shape == (888, 8)


@pytest.mark.parametrize("launched", [[], [("fused_moe_kernel", (60, 1, 1, 128, 1, 1))], [(_SECOND, ())]])
def test_kernels_that_do_not_tell(launched: list[tuple[str, tuple[int, ...]]]) -> None:
    assert experts_of(_CALL, launched) is None
