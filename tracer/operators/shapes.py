"""What several output rules need: broadcasting, promotion, layouts, and outputs that are like an input."""

from __future__ import annotations

from collections.abc import Sequence

from tracer.graph import Op, TensorSpec

__all__ = [
    "INTEGRAL",
    "Shape",
    "broadcast",
    "channels_innermost",
    "first_input",
    "halved",
    "is_dense",
    "like_input",
    "numbers",
    "promoted",
]

Shape = tuple[int, ...]

# Ranks of dtypes in promotion (c10/core/ScalarType.h, promoteTypes): category first, then width.
_BY_RANK = (
    "bool uint8 int8 int16 int32 int64 float8_e5m2 float8_e4m3fn float16 bfloat16 float32 float64 "
    "complex32 complex64 complex128"
)
_PROMOTION = tuple(_BY_RANK.split())
_ROUNDING = frozenset({"float16", "bfloat16"})
INTEGRAL = frozenset(_PROMOTION[:6])


def first_input(op: Op) -> tuple[TensorSpec, ...]:
    """The first input again: the call overwrites it."""
    return op.inputs[:1]


def like_input(op: Op) -> tuple[TensorSpec, ...]:
    """A tensor like the first input, in its layout if that has no gaps."""
    data = op.inputs[0]
    return (TensorSpec(data.shape, data.dtype, data.strides if is_dense(data) else ()),)


def promoted(tensors: Sequence[TensorSpec]) -> str:
    """Common dtype; tensors without extents count only where nothing else is there."""
    dtypes = {t.dtype for t in tensors if t.shape} or {t.dtype for t in tensors}
    if dtypes >= _ROUNDING:
        dtypes |= {"float32"}
    return max(dtypes, key=_PROMOTION.index)


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """Common shape by NumPy's rules; ValueError where there is none."""
    rank = max(len(s) for s in shapes)
    padded = [(1,) * (rank - len(s)) + s for s in shapes]
    extents = []
    for column in zip(*padded, strict=True):
        wide = {n for n in column if n != 1}
        if len(wide) > 1:
            raise ValueError(f"shapes {shapes} do not broadcast")
        extents.append(wide.pop() if wide else 1)
    return tuple(extents)


def is_dense(tensor: TensorSpec) -> bool:
    """Whether the elements fill their storage without gaps or overlap, in whatever order of the axes."""
    if not tensor.strides:
        return True
    expected = 1
    for step, extent in sorted((s, n) for s, n in zip(tensor.strides, tensor.shape, strict=True) if n != 1):
        if step != expected:
            return False
        expected *= extent
    return True


def channels_innermost(shape: Shape) -> Shape:
    """Strides of an image or video whose channels lie next to one another."""
    steps, step = [], shape[1]
    for extent in reversed(shape[2:]):
        steps.append(step)
        step *= extent
    return (step, 1, *reversed(steps))


def numbers(op: Op, name: str, rank: int, default: int) -> tuple[int, ...]:
    """Whole numbers of an attribute, one for each of `rank` axes."""
    value = op.attribute(name, default)
    items = value if isinstance(value, tuple) else (value,)
    found = tuple(int(n) for n in items if n is not None) or (default,)
    return found * rank if len(found) == 1 else found


def halved(op: Op) -> tuple[TensorSpec, ...]:
    """The first input with half of one axis, the last unless `dim` says another: a gated unit."""
    data = op.inputs[0]
    axis = numbers(op, "dim", 1, -1)[0] % len(data.shape)
    return (TensorSpec(tuple(n // 2 if i == axis else n for i, n in enumerate(data.shape)), data.dtype),)
