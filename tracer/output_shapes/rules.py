"""The registry of shape functions, and what several of them need: broadcasting, promotion, layouts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tracer.graph import GraphError, Op, TensorSpec

__all__ = [
    "INTEGRAL",
    "Shape",
    "broadcast",
    "channels_innermost",
    "infer_outputs",
    "is_dense",
    "numbers",
    "promoted",
    "shape_rule",
]

Shape = tuple[int, ...]
_Rule = Callable[[Op], tuple[TensorSpec, ...]]
_RULES: dict[str, _Rule] = {}
_COLLECTIVES = ("c10d::", "_c10d_functional::", "nccl:")

# Ranks of dtypes in promotion (c10/core/ScalarType.h, promoteTypes): category first, then width.
_BY_RANK = (
    "bool uint8 int8 int16 int32 int64 float8_e5m2 float8_e4m3fn float16 bfloat16 float32 float64 "
    "complex32 complex64 complex128"
)
_PROMOTION = tuple(_BY_RANK.split())
_ROUNDING = frozenset({"float16", "bfloat16"})
INTEGRAL = frozenset(_PROMOTION[:6])


def infer_outputs(op: Op) -> tuple[TensorSpec, ...]:
    """Outputs of an operator from its inputs and attributes; empty where they cannot be told."""
    name = op.name.removeprefix("aten::")
    rule = _RULES.get(name)
    if rule is None and name.endswith("_") and not name.endswith("__") and op.inputs:
        return op.inputs[:1]
    if rule is None:
        # A collective works in place, or on a tensor of the same total size as far as one rank's record tells.
        return op.inputs[:1] if op.name.startswith(_COLLECTIVES) else ()
    try:
        return rule(op)
    except (IndexError, ValueError, TypeError, ZeroDivisionError, GraphError):
        return ()  # Not the arguments that the operator takes: the call is counted as one without outputs.


def shape_rule(names: str) -> Callable[[_Rule], _Rule]:
    """Register a shape function for operators of the ``aten`` namespace, or of another where a name has ``::``."""

    def register(rule: _Rule) -> _Rule:
        _RULES.update(dict.fromkeys(names.split(), rule))
        return rule

    return register


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
