"""Products of quantised weights, and what brings such weights back to the format of the activations."""

from __future__ import annotations

from functools import partial

from .declaration import declare
from .kinds import Kind

__all__ = ["OPERATORS"]

_product = partial(declare, kind=Kind.PRODUCT)

OPERATORS = (
    _product("_int_mm", "self mat2"),
    _product("_weight_int8pack_mm", "self mat2 scales"),
    _product("_weight_int4pack_mm", "self mat2 qGroupSize qScaleAndZeros"),
    # pytorch/ao, torchao/csrc/quant_llm.cpp and torchao/ops.py
    _product("torchao::quant_llm_linear", "EXPONENT MANTISSA _in_feats _weights _scales splitK"),
    # vllm-project/vllm, csrc/torch_bindings.cpp
    _product("_C::gptq_marlin_gemm"),
    _product("_C::cutlass_scaled_fp4_mm"),
    declare("_C::scaled_fp4_quant", kind=Kind.ROW_QUANTIZATION),
    declare("_C::per_token_group_fp8_quant", kind=Kind.ROW_QUANTIZATION),
    # bitsandbytes, bitsandbytes/_ops.py
    _product("bitsandbytes::gemv_4bit", "A B shapeB absmax code blocksize"),
    declare("bitsandbytes::dequantize_4bit", "A absmax blocksize quant_type shape dtype", kind=Kind.COPY),
)
