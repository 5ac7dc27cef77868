"""Normalizations: passes over a row that fused kernels make without storing anything between them."""

from __future__ import annotations

from tracer.graph import Op
from tracer.operators import Kind

from .op_work import OpWork, compulsory_bytes, work_formula

__all__ = ["affine_norm", "backward_norm", "batch_norm", "residual_rms_norm", "rms_norm"]


@work_formula(Kind.LAYER_NORM, Kind.GROUP_NORM, Kind.SPREAD_GROUP_NORM)
def affine_norm(op: Op) -> OpWork:
    """Mean (1 add), variance (subtract, multiply, add), normalise (subtract, multiply), scale and shift (2).

    8 FLOPs an element with affine parameters, 6 without. One root a row is left out of the special functions: there
    are hundreds to thousands of elements a row.
    """
    return _per_element(op, 8.0 if len(op.inputs) > 1 else 6.0)


@work_formula(Kind.RMS_NORM)
def rms_norm(op: Op) -> OpWork:
    """Square and sum (2), normalise (1), scale (1)."""
    return _per_element(op, 4.0 if len(op.inputs) > 1 else 3.0)


@work_formula(Kind.RESIDUAL_RMS_NORM)
def residual_rms_norm(op: Op) -> OpWork:
    """Sum with the residual (1), then as :func:`rms_norm`; the sum and the result overwrite the two inputs."""
    read, _ = compulsory_bytes(op)
    data, residual = op.inputs[:2]
    return OpWork(vector_flops=5.0 * data.numel, bytes_read=read, bytes_written=float(data.nbytes + residual.nbytes))


@work_formula(Kind.BATCH_NORM)
def batch_norm(op: Op) -> OpWork:
    """Scale and shift by stored statistics: 2 an element; in training 4 more for the statistics."""
    return _per_element(op, 6.0 if op.attribute("training", False) is True else 2.0)


@work_formula(Kind.LAYER_NORM_BACKWARD, Kind.CHANNEL_NORM_BACKWARD, Kind.BATCH_NORM_BACKWARD)
def backward_norm(op: Op) -> OpWork:
    """Two sums over a row or a group (2 and 4), the input's gradient (5), those of scale and shift (4) an element."""
    return _per_element(op, 15.0)


def _per_element(op: Op, flops: float) -> OpWork:
    read, written = compulsory_bytes(op)
    return OpWork(vector_flops=flops * op.inputs[0].numel, bytes_read=read, bytes_written=written)
