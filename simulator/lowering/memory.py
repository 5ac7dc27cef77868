"""Elementwise operators, reductions, copies and gathers: one kernel each, which differ in how they walk memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from hw_specs import number_format
from simulator.execution import Execution
from simulator.kernels import AccessPattern, Kernel, KernelFamily
from simulator.work import contraction, movement, reduction, work_of
from simulator.work.op_work import operators_of
from simulator.work.pointwise import pointwise as pointwise_work
from tracer.graph import Op, TensorSpec

from .copies import copy_kernel
from .rules import lowering_rule

__all__ = ["copy", "gather", "padding", "pointwise", "reduce", "scatter"]

_COPIES = frozenset({"aten::copy_", "aten::_to_copy", "aten::to", "aten::copy"})
_CONCATENATIONS = frozenset({"aten::cat", "aten::stack", "aten::hstack", "aten::vstack"})
_HALF = frozenset({"float16", "bfloat16"})
_PADDING = frozenset({"aten::constant_pad_nd", "aten::pad"})


@lowering_rule(operators_of(pointwise_work) | operators_of(contraction.outer))
def pointwise(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One vectorised kernel; a scalar or broadcast operand is read from cache."""
    return (_kernel(op, KernelFamily.ELEMENTWISE, _name(op), casts=_casts(op)),)


@lowering_rule(operators_of(reduction.reduce_once) | operators_of(reduction.deviation) | operators_of(reduction.sort))
def reduce(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One kernel whose rows are the outputs."""
    data = op.inputs[0]
    rows = max(op.outputs[0].numel if op.outputs else 1, 1)
    return (_kernel(op, KernelFamily.REDUCTION, _name(op), rows=rows, width=max(data.numel / rows, 1.0)),)


@lowering_rule(
    (
        operators_of(movement.copy)
        | operators_of(movement.in_place_copy)
        | operators_of(movement.fill)
        | operators_of(movement.bilinear)
    )
    - _PADDING
)
def copy(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One kernel, strided where an operand is.

    Eager, concatenation places single elements (``CatArrayBatchedCopy``); a generated kernel writes whole slices.
    """
    by_element = op.name in _CONCATENATIONS and execution.mode != "compiled"
    return (_kernel(op, KernelFamily.COPY, _name(op), casts=_casts(op) or by_element),)


@lowering_rule(_PADDING)
def padding(op: Op, execution: Execution) -> Sequence[Kernel]:
    """A fill of the whole output and a copy of the input into it (``aten/src/ATen/native/PadNd.cpp``).

    Compiled, one generated kernel reads the input and writes the output.
    """
    if execution.mode == "compiled":
        return (_kernel(op, KernelFamily.COPY, "pad"),)
    data, out = op.inputs[0], op.outputs[0]
    move = copy_kernel("copy_into_padding", data, AccessPattern.STRIDED)
    return (_fill(out), move)


@lowering_rule(operators_of(movement.gather))
def gather(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One kernel whose threads follow an index each, and write in order (``Indexing.cu``, ``IndexKernel.cu``)."""
    return (replace(_kernel(op, KernelFamily.GATHER, _name(op)), pattern=AccessPattern.BROADCAST),)


@lowering_rule(operators_of(movement.scatter))
def scatter(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One kernel that puts rows of values to places of their own."""
    values = op.inputs[-1]
    width = values.shape[-1] if values.shape else 1
    kernel = _kernel(op, KernelFamily.GATHER, _name(op), rows=values.numel / max(width, 1), width=float(max(width, 1)))
    return (replace(kernel, pattern=AccessPattern.STRIDED),)


def _name(op: Op) -> str:
    return op.name.partition("::")[2].strip("_")


def _kernel(
    op: Op, family: KernelFamily, name: str, *, rows: float | None = None, width: float = 1.0, casts: bool = False
) -> Kernel:
    work = work_of(op)
    out = (op.outputs or op.inputs)[0]
    return Kernel(
        name=name,
        family=family,
        number_format=number_format(out.dtype),
        vector_flops=work.vector_flops,
        special_ops=work.special_ops,
        bytes_read=work.bytes_read,
        bytes_written=work.bytes_written,
        resident_bytes=work.bytes_read,
        itemsize=out.itemsize,
        m=float(out.numel) if rows is None else float(rows),
        n=width,
        num_inputs=float(max(len(op.inputs), 1)),
        pattern=_pattern(op.inputs, out, casts=casts),
    )


def _fill(tensor: TensorSpec) -> Kernel:
    return Kernel(
        name="fill",
        family=KernelFamily.COPY,
        number_format=number_format(tensor.dtype),
        bytes_written=float(tensor.nbytes),
        itemsize=tensor.itemsize,
        m=float(tensor.numel),
    )


def _pattern(inputs: Sequence[TensorSpec], out: TensorSpec, *, casts: bool = False) -> AccessPattern:
    """Layout of the worst operand that is as large as the output.

    An operand that lies as the output does is walked in the order of memory, whatever the order of its axes. Where
    operands of several dtypes meet, threads take single elements and convert them, as they do for strided ones
    (``aten/src/ATen/native/cuda/CUDALoops.cuh``: dynamic casting excludes vectorised access).
    """
    large = [t for t in inputs if 2 * t.numel > out.numel]
    if any(_walks_across(t, out) for t in large):
        return AccessPattern.TRANSPOSED
    if casts or not all(_walks_along(t, out) for t in large):
        return AccessPattern.STRIDED
    return AccessPattern.BROADCAST if len(large) < len(inputs) else AccessPattern.CONTIGUOUS


def _casts(op: Op) -> bool:
    """Whether a kernel converts dtypes element by element; float32 to half precision has a vectorised copy."""
    dtypes = {t.dtype for t in (*op.inputs, *op.outputs) if t.shape} - {"bool"}
    narrows = bool(op.outputs) and op.outputs[0].dtype in _HALF and dtypes == {"float32", op.outputs[0].dtype}
    return len(dtypes) > 1 and not (narrows and op.name in _COPIES)


def _walks_along(tensor: TensorSpec, out: TensorSpec) -> bool:
    """Whether an operand lies as the output does; one of another shape, whether it lies without gaps."""
    if tensor.shape != out.shape:
        return tensor.is_contiguous
    steps = zip(tensor.shape, _steps(tensor), _steps(out), strict=True)
    return all(step == out_step for extent, step, out_step in steps if extent > 1)


def _walks_across(tensor: TensorSpec, out: TensorSpec) -> bool:
    """Whether the axis that is innermost in the output is not innermost in the operand."""
    if tensor.shape != out.shape or tensor.numel < 2:
        return False
    steps = zip(tensor.shape, _steps(tensor), _steps(out), strict=True)
    _, inner = min((out_step, step) for extent, step, out_step in steps if extent > 1)
    return inner > 1


def _steps(tensor: TensorSpec) -> tuple[int, ...]:
    """Strides, also of a tensor in row-major order."""
    if tensor.strides:
        return tensor.strides
    return tuple(prod(tensor.shape[axis + 1 :]) for axis in range(len(tensor.shape)))
