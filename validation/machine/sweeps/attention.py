"""Scaled dot-product attention: over an image or a sequence, over a prompt, over frames."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tracer.graph import AttributeValue, Op

from .case import KernelCase, Runner

if TYPE_CHECKING:
    import torch

__all__ = ["RUNNERS", "cases", "from_operator"]

# (heads, head dimension) of published models, and the dimensions between them.
_HEADS = ((8, 40), (10, 64), (16, 72), (8, 80), (20, 64), (12, 96), (24, 64), (24, 128), (12, 128), (8, 160), (4, 256))
_LENGTHS = (64, 256, 1024, 4096, 4608, 9216, 16384)
_PROMPTS = (77, 226, 256, 512)
# Many short sequences: one for each pixel, over the frames.
_TEMPORAL_BATCHES, _FRAMES = (1024, 4096, 9216), (8, 16, 24, 32, 76)
_TEMPORAL_HEADS = ((8, 40), (5, 64), (8, 80), (8, 160), (16, 64))
_DTYPES = ("bfloat16", "float16", "float32")
# An attention call at these sizes would take most of the time of a run.
_MOST_FLOPS = {"bfloat16": 2e13, "float16": 2e13, "float32": 1e12}
_OP = "aten::scaled_dot_product_attention"


def cases(level: str) -> Iterator[KernelCase]:
    """Self, cross, temporal and causal attention."""
    if level == "tiny":
        yield _case(1, 2, 8, 8, 16, "float32")
        yield _case(1, 2, 8, 3, 16, "float32")
        return
    if level == "probe":
        for (heads, dim), length in itertools.product(((8, 40), (8, 80), (12, 64), (24, 128)), (64, 256, 1024)):
            yield _case(1, heads, length, length, dim, "float32")
            yield _case(1, heads, length, 77, dim, "float32")
        yield _case(256, 8, 16, 16, 40, "float32")
        return
    for dtype in _DTYPES:
        yield from (c for c in _full(dtype) if _flops(c) < _MOST_FLOPS[dtype])


def _full(dtype: str) -> Iterator[KernelCase]:
    for batch, (heads, dim), length in itertools.product((2, 1, 16), _HEADS, _LENGTHS):
        yield _case(batch, heads, length, length, dim, dtype)
    for length in (1024, 4096, 16384):
        yield _case(1, 1, length, length, 512, dtype)
    for (heads, dim), length, prompt in itertools.product(_HEADS, _LENGTHS, _PROMPTS):
        yield _case(2, heads, length, prompt, dim, dtype)
    for batch, frames, (heads, dim) in itertools.product(_TEMPORAL_BATCHES, _FRAMES, _TEMPORAL_HEADS):
        yield _case(batch, heads, frames, frames, dim, dtype)
    for length in (77, 512, 2048, 8192):
        yield _case(1, 32, length, length, 128, dtype, causal=True)
    for length in (512, 2048, 8192):
        yield _case(1, 32, 1, length, 128, dtype)


def _case(batch: int, heads: int, query: int, key: int, dim: int, dtype: str, *, causal: bool = False) -> KernelCase:
    """Operands as models have them: heads are a view of the last axis of a linear layer's output."""

    def strides(length: int) -> tuple[int, ...]:
        return length * heads * dim, dim, heads * dim, 1

    return KernelCase(
        op=_OP,
        input_shapes=((batch, heads, query, dim), (batch, heads, key, dim), (batch, heads, key, dim)),
        dtype=dtype,
        attributes=(("is_causal", causal),),
        input_strides=(strides(query), strides(key), strides(key)),
    )


def _flops(case: KernelCase) -> float:
    (batch, heads, query, dim), (_, _, key, _) = case.input_shapes[:2]
    return 4.0 * batch * heads * query * key * dim


def from_operator(op: Op) -> KernelCase | None:
    """Attention calls; a mask is named by its dtype and made of its shape."""
    if op.name != _OP:
        return None
    attributes = {name: op.attribute(name) for name in ("is_causal", "enable_gqa", "scale")}
    shapes, strides = [t.shape for t in op.inputs[:3]], [t.strides for t in op.inputs[:3]]
    if len(op.inputs) > 3:
        attributes["mask_dtype"], attributes["mask_shape"] = op.inputs[3].dtype, op.inputs[3].shape
    kept = {name: value for name, value in attributes.items() if value is not None and value is not False}
    kept["is_causal"] = bool(op.attribute("is_causal", False))
    return KernelCase(
        op=_OP,
        input_shapes=tuple(shapes),
        dtype=op.inputs[0].dtype,
        attributes=tuple(sorted(kept.items())),
        input_strides=tuple(strides) if any(strides) else (),
    )


def _attention(tensors: Sequence[torch.Tensor], attributes: Mapping[str, AttributeValue]) -> Callable[[], object]:
    import torch

    query, key, value = tensors
    options = {name: attributes[name] for name in ("is_causal", "enable_gqa", "scale") if name in attributes}
    mask = None
    if "mask_shape" in attributes:
        dtype, shape = getattr(torch, str(attributes["mask_dtype"])), attributes["mask_shape"]
        mask = torch.ones(shape, dtype=dtype, device=query.device)  # type: ignore[arg-type]
    return lambda: torch.nn.functional.scaled_dot_product_attention(query, key, value, mask, **options)  # type: ignore[arg-type]


RUNNERS: Mapping[str, Runner] = {_OP: _attention}
