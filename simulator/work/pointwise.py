"""Elementwise operators: a table of the arithmetic of one element.

Counts follow the formula that PyTorch's CUDA kernels evaluate in float32: ``silu(x) = x / (1 + exp(-x))`` is a
negation, an addition, a division and an exponential. Memory bounds most of these.
"""

from __future__ import annotations

from tracer.graph import Op

from .op_work import OpWork, compulsory_bytes, op_formula

__all__ = ["POINTWISE", "gated", "pointwise", "rotary", "scaled_cast"]

# name -> (FLOPs, special functions) of one output element
POINTWISE: dict[str, tuple[float, float]] = {
    **dict.fromkeys(
        (
            "add",
            "sub",
            "rsub",
            "mul",
            "div",
            "true_divide",
            "floor_divide",
            "remainder",
            "fmod",
            "neg",
            "abs",
            "sign",
            "relu",
            "threshold",
            "floor",
            "ceil",
            "round",
            "trunc",
            "frac",
            "maximum",
            "minimum",
            "clamp_min",
            "clamp_max",
            "square",
            "eq",
            "ne",
            "lt",
            "le",
            "gt",
            "ge",
            "logical_and",
            "logical_or",
            "logical_not",
            "logical_xor",
            "bitwise_and",
            "bitwise_or",
            "bitwise_not",
            "bitwise_xor",
            "__and__",
            "__or__",
            "__lshift__",
            "__rshift__",
            "bitwise_right_shift",
            "bitwise_left_shift",
            "where",
            "masked_fill",
            "isnan",
            "isinf",
            "isfinite",
            "reciprocal",
            "nan_to_num",
            "dropout",
            "native_dropout",
            "heaviside",
            "copysign",
            "signbit",
        ),
        (1.0, 0.0),
    ),
    **dict.fromkeys(("addcmul", "addcdiv", "lerp", "clamp", "clip", "hardtanh", "leaky_relu", "relu6"), (2.0, 0.0)),
    **dict.fromkeys(("exp", "exp2", "log", "log2", "log10", "sqrt", "rsqrt", "sin", "cos", "asin", "acos"), (0.0, 1.0)),
    **dict.fromkeys(("expm1", "log1p", "tan", "atan", "atan2", "sinh", "cosh", "erf", "erfc", "erfinv"), (4.0, 1.0)),
    # Models square; PyTorch multiplies for the exponent 2 (aten/src/ATen/native/cuda/PowKernel.cu).
    **dict.fromkeys(("pow",), (1.0, 0.0)),
    **dict.fromkeys(("float_power", "xlogy"), (2.0, 2.0)),
    **dict.fromkeys(("sigmoid",), (3.0, 1.0)),
    **dict.fromkeys(("tanh",), (4.0, 1.0)),
    **dict.fromkeys(("silu", "elu", "celu", "selu", "softplus", "logit", "mish", "log_sigmoid_forward"), (4.0, 1.0)),
    **dict.fromkeys(("hardswish", "hardsigmoid", "prelu", "_prelu_kernel"), (4.0, 0.0)),
    **dict.fromkeys(("gelu",), (8.0, 1.0)),
    **dict.fromkeys(("glu",), (4.0, 1.0)),
    **dict.fromkeys(("complex", "polar", "real", "imag", "angle", "view_as_real_copy"), (2.0, 0.0)),
    **dict.fromkeys(("fft_fft", "_fft_r2c", "_fft_c2c", "_fft_c2r"), (20.0, 0.0)),
}
# A complex product is four multiplies and two adds; a sum two adds.
_COMPLEX_FLOPS = {"aten::mul": 6.0, "aten::add": 2.0, "aten::sub": 2.0, "aten::div": 11.0}


@op_formula(*(name for name in POINTWISE if name != "real"))
def pointwise(op: Op) -> OpWork:
    """Arithmetic of one element times the output's elements; an in-place call writes its first input."""
    outputs = op.outputs or op.inputs[:1]
    elements = outputs[0].numel
    name = op.name.removeprefix("aten::")
    flops, special = POINTWISE[name] if name in POINTWISE else POINTWISE[name.removesuffix("_")]
    if any(t.dtype.startswith("complex") for t in op.inputs):
        flops = _COMPLEX_FLOPS.get(op.name.removesuffix("_"), flops)
    read, _ = compulsory_bytes(op)
    return OpWork(
        vector_flops=flops * elements,
        special_ops=special * elements,
        bytes_read=read,
        bytes_written=float(sum(t.nbytes for t in outputs)),
    )


@op_formula("_C::silu_and_mul", "_C::gelu_and_mul", "_C::gelu_tanh_and_mul")
def gated(op: Op) -> OpWork:
    """``act(x[:half]) * x[half:]``: the activation and a product for each element of the output."""
    flops, special = POINTWISE[op.name.removeprefix("_C::").partition("_")[0]]
    elements = op.outputs[0].numel
    read, written = compulsory_bytes(op)
    return OpWork(
        vector_flops=(flops + 1.0) * elements,
        special_ops=special * elements,
        bytes_read=read,
        bytes_written=written,
    )


@op_formula("_C::rotary_embedding")
def rotary(op: Op) -> OpWork:
    """Two products and a sum for each element of query and key, in place; a row of sines and cosines for each token.

    Inputs are the positions, the query, the key where there is one, and the table of sines and cosines.
    """
    positions, *rotated, table = op.inputs
    moved = float(sum(t.nbytes for t in rotated))
    rows = float(positions.numel * table.shape[-1] * table.itemsize)
    return OpWork(
        vector_flops=3.0 * sum(t.numel for t in rotated),
        bytes_read=positions.nbytes + moved + rows,
        bytes_written=moved,
    )


@op_formula("_C::static_scaled_fp8_quant")
def scaled_cast(op: Op) -> OpWork:
    """Product with the scale and two comparisons that keep it in range: 3 an element."""
    read, written = compulsory_bytes(op)
    return OpWork(vector_flops=3.0 * op.outputs[0].numel, bytes_read=read, bytes_written=written)
