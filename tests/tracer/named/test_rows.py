"""Row-wise kernels: a row for each block."""

from __future__ import annotations

import pytest

from tracer.named.rows import row_wise


@pytest.mark.parametrize(
    ("name", "operator", "inputs"),
    [
        ("vllm::fused_add_rms_norm_kernel<c10::BFloat16, 8>", "_C::fused_add_rms_norm", 3),
        ("void flashinfer::norm::RMSNormKernel<8u, __nv_bfloat16>", "_C::rms_norm", 2),
        ("void at::native::(anonymous namespace)::vectorized_layer_norm_kernel<c10::Half, float>",
         "aten::native_layer_norm", 3),
        ("void vllm::act_and_mul_kernel<c10::BFloat16, silu_kernel>", "_C::silu_and_mul", 1),
    ],
)  # fmt: skip
def test_kernels(name: str, operator: str, inputs: int) -> None:
    found = row_wise(name, (888, 1, 1, 256, 1, 1))
    assert found is not None
    assert found.size is None
    op = found.build(2880)
    assert (op.name, len(op.inputs)) == (operator, inputs)
    assert op.outputs[0].shape == (888, 2880)


def test_gradients_are_none_of_them() -> None:
    assert row_wise("void layer_norm_grad_input_kernel_vectorized<float>", (8, 1, 1, 32, 1, 1)) is None
