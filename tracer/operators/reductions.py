"""Reductions along axes, scans, sorts, and softmax."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tracer.graph import Op, TensorSpec

from .declaration import declare
from .elementwise import broadcast_operands
from .kinds import Kind
from .shapes import INTEGRAL, Shape, like_input, numbers

__all__ = ["OPERATORS"]


def _reduced(op: Op, dtype_of: Callable[[str], str] = lambda dtype: dtype) -> tuple[TensorSpec, ...]:
    data = op.inputs[0]
    dtype = op.attribute("dtype")
    return (TensorSpec(_without_axes(op, data.shape), dtype if isinstance(dtype, str) else dtype_of(data.dtype)),)


def _two_reduced(op: Op) -> tuple[TensorSpec, ...]:
    return _reduced(op) * 2


def _extreme(op: Op) -> tuple[TensorSpec, ...]:
    """Along an axis with the positions, of all elements, or elementwise of two tensors."""
    if len(op.inputs) > 1:
        return broadcast_operands(op)
    (values,) = _reduced(op)
    return (values,) if op.attribute("dim") is None else (values, TensorSpec(values.shape, "int64"))


def _without_axes(op: Op, shape: Shape) -> Shape:
    dim = op.attribute("dim")
    axes = range(len(shape)) if dim is None or dim == () else (n % len(shape) for n in numbers(op, "dim", 1, 0))
    reduced = frozenset(axes)
    if op.attribute("keepdim") is True:
        return tuple(1 if i in reduced else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in reduced)


def _first_few(op: Op) -> tuple[TensorSpec, ...]:
    data = op.inputs[0]
    axis = numbers(op, "dim", 1, -1)[0] % len(data.shape)
    count = numbers(op, "k", 1, 1)[0]
    shape = tuple(count if i == axis else n for i, n in enumerate(data.shape))
    return TensorSpec(shape, data.dtype), TensorSpec(shape, "int64")


def _samples(op: Op) -> tuple[TensorSpec, ...]:
    return (TensorSpec((*op.inputs[0].shape[:-1], numbers(op, "num_samples", 1, 1)[0]), "int64"),)


def _membership(op: Op) -> tuple[TensorSpec, ...]:
    return (TensorSpec(op.inputs[0].shape, "bool"),)


def _softmax(op: Op) -> tuple[TensorSpec, ...]:
    data = op.inputs[0]
    given = op.attribute("dtype")
    dtype = given if isinstance(given, str) else "float32" if op.attribute("half_to_float") is True else data.dtype
    return (TensorSpec(data.shape, dtype),)


_total = partial(_reduced, dtype_of=lambda dtype: "int64" if dtype in INTEGRAL else dtype)
_truth = partial(_reduced, dtype_of=lambda _: "bool")
_position = partial(_reduced, dtype_of=lambda _: "int64")

_unknown = partial(declare, kind=Kind.REDUCTION, flops=1)
_reduction = partial(declare, kind=Kind.REDUCTION, flops=1, outputs=_reduced)
# Subtract, multiply and add.
_deviation = partial(declare, kind=Kind.REDUCTION, flops=3, outputs=_reduced)
_loss = partial(declare, kind=Kind.LOSS)
_scan = partial(declare, kind=Kind.SCAN, flops=1, outputs=like_input)
_sort = partial(declare, kind=Kind.SORT)
_softmaxes = partial(declare, kind=Kind.SOFTMAX, outputs=_softmax)

OPERATORS = (
    _reduction("mean", "self dim keepdim dtype"),
    _reduction("sum prod", "self dim keepdim dtype", outputs=_total),
    _reduction("amax amin logsumexp", "self dim keepdim"),
    _reduction("any all", "self dim keepdim", outputs=_truth),
    _reduction("argmax argmin", "self dim keepdim", outputs=_position),
    _reduction("max min", "self dim keepdim", outputs=_extreme),
    _reduction("nansum"),
    _unknown("count_nonzero aminmax unique_dim _unique2 unique_consecutive nonzero bincount histc searchsorted equal"),
    _unknown("isin", outputs=_membership),
    # vllm-project/vllm, csrc/moe/torch_bindings.cpp
    _unknown("_moe_C::moe_sum", "input result!"),
    _deviation("var std", "self dim correction keepdim"),
    _deviation("var_mean std_mean", "self dim correction keepdim", outputs=_two_reduced),
    _deviation("norm", "self p dim keepdim"),
    _deviation("linalg_vector_norm", "self ord dim keepdim dtype"),
    _loss("mse_loss l1_loss", "self target reduction", flops=3),
    _loss("smooth_l1_loss", "self target reduction beta", flops=5),
    _loss("huber_loss", "self target reduction delta", flops=5),
    _loss("binary_cross_entropy binary_cross_entropy_with_logits kl_div", flops=8, special_ops=2),
    _scan("cumsum cumprod", "self dim dtype"),
    _sort("sort argsort", "self dim descending", outputs=like_input),
    _sort("topk", "self k dim largest sorted", outputs=_first_few),
    _sort("multinomial", "self num_samples replacement", outputs=_samples),
    _sort("kthvalue msort"),
    _softmaxes("_softmax _log_softmax", "self dim half_to_float"),
    _softmaxes("softmax", "self dim dtype", same_as="_softmax"),
    _softmaxes("_safe_softmax log_softmax", "self dim dtype"),
    _softmaxes("_softmax_backward_data _log_softmax_backward_data", "grad_output output dim input_dtype"),
)
