"""Elementwise operators with one and two operands, also with one that is broadcast."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tracer.graph import AttributeValue, Op

from .case import KernelCase, Runner, contiguous

if TYPE_CHECKING:
    import torch

__all__ = ["RUNNERS", "cases", "from_operator"]

_UNARY = ("silu", "gelu", "exp", "rsqrt", "sigmoid", "tanh", "relu", "neg")
_BINARY = ("add", "mul", "sub", "div")
_SIZES = tuple(2**n for n in (10, 14, 16, 18, 20, 21, 22, 23, 24, 25, 26, 28))
# (shape, shape of the second operand): time embeddings on feature maps, modulation of tokens, biases.
_BROADCAST = (
    ((2, 320, 64, 64), (2, 320, 1, 1)), ((2, 1280, 16, 16), (2, 1280, 1, 1)), ((1, 4096, 3072), (1, 1, 3072)),
    ((2, 4096, 1152), (2, 1, 1152)), ((16, 512, 128, 128), (512, 1, 1)),
)  # fmt: skip
_DTYPES = ("bfloat16", "float16", "float32")


def cases(level: str) -> Iterator[KernelCase]:
    """Unary and binary operators over sizes."""
    if level == "tiny":
        yield contiguous("aten::silu", (256,), dtype="float32")
        yield contiguous("aten::add", (4, 8), (4, 1), dtype="float32")
        return
    if level == "probe":
        for elements, name in itertools.product((2**12, 2**16, 2**18, 2**20, 2**22, 2**24), ("silu", "gelu")):
            yield contiguous(f"aten::{name}", (elements,), dtype="float32")
        for elements, name in itertools.product((2**12, 2**16, 2**18, 2**20, 2**22, 2**24), ("add", "mul")):
            yield contiguous(f"aten::{name}", (elements,), (elements,), dtype="float32")
        return
    for dtype, elements in itertools.product(_DTYPES, _SIZES):
        for name in _UNARY:
            yield contiguous(f"aten::{name}", (elements,), dtype=dtype)
        yield contiguous("aten::gelu", (elements,), dtype=dtype, approximate="tanh")
        for name in _BINARY:
            yield contiguous(f"aten::{name}", (elements,), (elements,), dtype=dtype)
    for dtype, (shape, other), name in itertools.product(_DTYPES, _BROADCAST, ("add", "mul")):
        yield contiguous(f"aten::{name}", shape, other, dtype=dtype)


def from_operator(op: Op) -> KernelCase | None:
    """Elementwise operators on tensors of one dtype; a number as second operand is an attribute."""
    name = op.name.removeprefix("aten::")
    if name not in (*_UNARY, *_BINARY) or len({t.dtype for t in op.inputs}) != 1:
        return None
    approximate = op.attribute("approximate")
    attributes: dict[str, AttributeValue] = {"approximate": approximate} if approximate == "tanh" else {}
    if name in _BINARY and len(op.inputs) == 1:
        attributes["other"] = op.attribute("other")
    strides = tuple(t.strides for t in op.inputs)
    return KernelCase(
        op=op.name,
        input_shapes=tuple(t.shape for t in op.inputs),
        dtype=op.inputs[0].dtype,
        attributes=tuple(sorted(attributes.items())),
        input_strides=strides if any(strides) else (),
    )


def _runner(name: str) -> Runner:
    def prepare(tensors: Sequence[torch.Tensor], attributes: Mapping[str, AttributeValue]) -> Callable[[], object]:
        import torch

        activation = name in ("silu", "gelu", "relu")
        function = getattr(torch.nn.functional if activation else torch, name)
        options = {"approximate": attributes["approximate"]} if "approximate" in attributes else {}
        operands = (*tensors, attributes["other"]) if "other" in attributes else tuple(tensors)
        return lambda: function(*operands, **options)

    return prepare


RUNNERS: Mapping[str, Runner] = {f"aten::{name}": _runner(name) for name in (*_UNARY, *_BINARY)}
