"""How the threads of an eager kernel walk their operands: the layout of each against that of the output."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod

from simulator.kernels import AccessPattern
from tracer.graph import TensorSpec

__all__ = ["access_pattern", "joined_axes"]

# Elements that one block of an elementwise kernel walks: 128 threads of 4 (``elementwise_kernel<128, 4>``).
_BLOCK_ELEMENTS = 512


def access_pattern(inputs: Sequence[TensorSpec], out: TensorSpec) -> AccessPattern:
    """Layout of the worst operand that is as large as the output.

    An operand that lies as the output does is walked in the order of memory, whatever the order of its axes.
    """
    large = [t for t in inputs if 2 * t.numel > out.numel]
    if any(_walks_across(t, out) for t in large):
        return AccessPattern.TRANSPOSED
    if not all(_walks_along(t, out) for t in large):
        return AccessPattern.STRIDED
    return AccessPattern.BROADCAST if len(large) < len(inputs) else AccessPattern.CONTIGUOUS


def joined_axes(inputs: Sequence[TensorSpec], out: TensorSpec) -> int:
    """Axes that are left once neighbours that all operands walk as one are joined (``TensorIterator::coalesce``).

    Every one of them costs a division for each element. An operand that does not broadcast to the output counts as
    lying like it.
    """
    walks = [_steps(out), *(steps for t in inputs if (steps := _broadcast_steps(t, out)) is not None)]
    order = sorted((axis for axis, extent in enumerate(out.shape) if extent > 1), key=lambda axis: -walks[0][axis])
    count = min(len(order), 1)
    for outer, inner in pairwise(order):
        count += any(steps[outer] != steps[inner] * out.shape[inner] for steps in walks)
    return max(count, 1)


def _broadcast_steps(tensor: TensorSpec, out: TensorSpec) -> tuple[int, ...] | None:
    """Strides of an operand along the axes of the output, 0 where it is repeated; None where it does not fit."""
    missing = len(out.shape) - len(tensor.shape)
    if missing < 0 or any(n not in (1, whole) for n, whole in zip(tensor.shape, out.shape[missing:], strict=True)):
        return None
    steps = (0 if n == 1 else step for n, step in zip(tensor.shape, _steps(tensor), strict=True))
    return (*(0,) * missing, *steps)


def _walks_along(tensor: TensorSpec, out: TensorSpec) -> bool:
    """Whether an operand lies as the output does; one of another shape, whether it lies without gaps."""
    if tensor.shape != out.shape:
        return tensor.is_contiguous
    steps = zip(tensor.shape, _steps(tensor), _steps(out), strict=True)
    return all(step == out_step for extent, step, out_step in steps if extent > 1)


def _walks_across(tensor: TensorSpec, out: TensorSpec) -> bool:
    """Whether neighbours in the output lie apart in the operand, and what lies between is for other blocks.

    A block whose elements reach over the axis that is innermost in the operand uses all of every line that it loads.
    """
    if tensor.shape != out.shape or tensor.numel < 2:
        return False
    axes = sorted((s, step, n) for n, step, s in zip(tensor.shape, _steps(tensor), _steps(out), strict=True) if n > 1)
    if axes[0][1] <= 1:
        return False
    innermost = next((i for i, (_, step, _) in enumerate(axes) if step == 1), len(axes) - 1)
    return prod(extent for _, _, extent in axes[: innermost + 1]) > _BLOCK_ELEMENTS


def _steps(tensor: TensorSpec) -> tuple[int, ...]:
    """Strides, also of a tensor in row-major order."""
    if tensor.strides:
        return tensor.strides
    return tuple(prod(tensor.shape[axis + 1 :]) for axis in range(len(tensor.shape)))
