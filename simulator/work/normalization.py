"""Normalizations: passes over a row that fused kernels make without storing anything between them."""

from __future__ import annotations

from tracer.graph import Op

from .op_work import OpWork, compulsory_bytes, op_formula

__all__ = ["affine_norm", "batch_norm_inference", "residual_rms_norm", "rms_norm"]


@op_formula(
    "native_layer_norm",
    "layer_norm",
    "native_group_norm",
    "group_norm",
    "native_batch_norm",
    "instance_norm",
    "aiter::_groupnorm_run",
    "aiter::layernorm2d_fwd",
)
def affine_norm(op: Op) -> OpWork:
    """Mean (1 add), variance (subtract, multiply, add), normalise (subtract, multiply), scale and shift (2).

    8 FLOPs an element with affine parameters, 6 without. One root a row is left out of the special functions: there
    are hundreds to thousands of elements a row.
    """
    return _per_element(op, 8.0 if len(op.inputs) > 1 else 6.0)


@op_formula("_fused_rms_norm", "rms_norm", "_C::rms_norm", "aiter::rmsnorm2d_fwd")
def rms_norm(op: Op) -> OpWork:
    """Square and sum (2), normalise (1), scale (1)."""
    return _per_element(op, 4.0 if len(op.inputs) > 1 else 3.0)


@op_formula("_C::fused_add_rms_norm")
def residual_rms_norm(op: Op) -> OpWork:
    """Sum with the residual (1), then as :func:`rms_norm`; the sum and the result overwrite the two inputs."""
    read, _ = compulsory_bytes(op)
    data, residual = op.inputs[:2]
    return OpWork(vector_flops=5.0 * data.numel, bytes_read=read, bytes_written=float(data.nbytes + residual.nbytes))


@op_formula("_native_batch_norm_legit_no_training", "cudnn_batch_norm", "batch_norm")
def batch_norm_inference(op: Op) -> OpWork:
    """Scale and shift by stored statistics: 2 an element."""
    return _per_element(op, 2.0)


def _per_element(op: Op, flops: float) -> OpWork:
    read, written = compulsory_bytes(op)
    return OpWork(vector_flops=flops * op.inputs[0].numel, bytes_read=read, bytes_written=written)
