"""Automatic mixed precision: normalizations and softmax in float32, with a cast before and after them.

``torch.autocast`` runs products and convolutions in 16 bits, and ``layer_norm``, ``group_norm``, ``softmax`` in float32
(``aten/src/ATen/autocast_mode.h``, AT_FORALL_FP32 and AT_FORALL_LOWER_PRECISION_FP). What follows a norm element by
element keeps float32 until the next product casts it, which is counted here as a cast right after the norm. Weights are
cast once in a context and kept (``autocast_mode.cpp``, ``cached_cast``), and that once is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from simulator.kernels import AccessPattern, Kernel
from tracer.graph import Op, TensorSpec
from tracer.operators import Kind

from .memory_bound.copies import copy_kernel

__all__ = ["NARROW", "in_float32", "runs_in_float32"]

_IN_FLOAT32 = frozenset({Kind.LAYER_NORM, Kind.RMS_NORM, Kind.GROUP_NORM, Kind.SOFTMAX})
NARROW = ("float16", "bfloat16")
"""Formats that products have under autocast."""


def runs_in_float32(kind: Kind, op: Op) -> bool:
    """Whether autocast widens the operands of a call."""
    return kind in _IN_FLOAT32 and bool(op.inputs) and op.inputs[0].dtype in NARROW


def in_float32(op: Op, rule: Callable[[Op], Sequence[Kernel]], *, generated: bool) -> Sequence[Kernel]:
    """Kernels of a call on float32 tensors between two casts, which generated code makes in passing."""
    wide = replace(op, inputs=_widened(op.inputs), outputs=_widened(op.outputs))
    if generated:
        return rule(op)
    out = (op.outputs or op.inputs)[0]
    return (_cast(op.inputs[0], widens=True), *rule(wide), _cast(out, widens=False))


def _widened(tensors: Sequence[TensorSpec]) -> tuple[TensorSpec, ...]:
    return tuple(replace(t, dtype="float32") if t.dtype in NARROW else t for t in tensors)


def _cast(tensor: TensorSpec, *, widens: bool) -> Kernel:
    """Copy between two bytes and four an element."""
    kernel = copy_kernel("cast", tensor, AccessPattern.CONTIGUOUS)
    wide = 2 * kernel.bytes_read
    read, written = (kernel.bytes_read, wide) if widens else (wide, kernel.bytes_written)
    return replace(kernel, bytes_read=read, bytes_written=written, resident_bytes=read)
