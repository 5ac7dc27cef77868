"""Normalizations and softmax: a thread block has a row, whose length is open.

``vectorized_layer_norm_kernel`` and ``RowwiseMomentsCUDAKernel`` of ATen (layer_norm_kernel.cu), ``rms_norm_kernel``
and ``fused_add_rms_norm_kernel`` of vLLM (csrc/layernorm_kernels.cu), ``RMSNormKernel`` and ``FusedAddRMSNormKernel``
of FlashInfer (include/flashinfer/norm.cuh), ``cunn_SoftMaxForward`` of ATen (SoftMax.cu), ``act_and_mul_kernel`` of
vLLM (csrc/activation_kernels.cu): all launch one block a row.
"""

from __future__ import annotations

import re
from functools import partial

from tracer.graph import Op, TensorSpec

from .formats import element_dtype
from .kernel import Grid, NamedKernel, blocks_of

__all__ = ["row_operator", "row_wise"]

# Kernels by the operator that does their work; of several the first that is found.
_KERNELS = (
    ("_C::fused_add_rms_norm", r"fused_add_rms_?norm|FusedAddRMSNorm|add_rms_?norm"),
    ("_C::rms_norm", r"(?<!q_)rms_?norm|RMSNorm"),
    ("aten::native_layer_norm", r"layer_?norm|LayerNorm"),
    ("aten::_softmax", r"cunn_?SoftMax\w*Forward|softmax_warp_forward"),
    ("_C::silu_and_mul", r"act_and_mul_kernel|silu_and_mul|gelu_and_mul|activationGated"),
)
_PATTERNS = tuple((operator, re.compile(pattern, re.IGNORECASE)) for operator, pattern in _KERNELS)
_NOT = re.compile(r"backward|bwd|gamma|beta|grad|elementwise_kernel|triton_(?:poi|red|per)", re.IGNORECASE)
_MOST = 1 << 22


def row_wise(name: str, grid: Grid) -> NamedKernel | None:
    """Row-wise kernel of an open row length; None where the name is of none."""
    operator = row_operator(name)
    if not operator:
        return None
    return NamedKernel(build=partial(_rows, operator, blocks_of(grid), element_dtype(name)), most=_MOST)


def row_operator(name: str) -> str:
    """Operator whose kernel has a block for each row; empty where the name is of none."""
    operator = next((operator for operator, pattern in _PATTERNS if pattern.search(name)), "")
    return "" if _NOT.search(name) else operator


def _rows(operator: str, rows: int, dtype: str, length: int) -> Op:
    data, scale = TensorSpec((rows, length), dtype), TensorSpec((length,), dtype)
    if operator.endswith("and_mul"):
        return Op(operator, (TensorSpec((rows, 2 * length), dtype),), (data,))
    inputs = {
        "_C::fused_add_rms_norm": (data, data, scale),
        "aten::native_layer_norm": (data, scale, scale),
        "aten::_softmax": (data,),
    }.get(operator, (data, scale))
    outputs = (data, data) if operator == "_C::fused_add_rms_norm" else (data,)
    return Op(operator, inputs, outputs)
