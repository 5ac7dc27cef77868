"""Matrix products: linear layers and batched products."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tracer.graph import AttributeValue, Op

from .case import KernelCase, Runner, contiguous

if TYPE_CHECKING:
    import torch

__all__ = ["RUNNERS", "cases", "from_operator"]

# (inputs, outputs) of linear layers: Stable Diffusion 1.5 and XL, CLIP, T5, PixArt, SD 3, FLUX, Wan, LLaMA.
_LAYERS = (
    (320, 320), (320, 2560), (1280, 320), (640, 640), (640, 5120), (2560, 640), (1280, 1280), (1280, 10240),
    (5120, 1280), (768, 768), (768, 3072), (3072, 768), (1024, 1024), (1024, 4096), (1152, 1152), (1152, 4608),
    (1536, 1536), (1536, 8960), (8960, 1536), (2048, 2048), (2048, 8192), (2432, 2432), (2432, 9728), (3072, 3072),
    (3072, 9216), (3072, 12288), (12288, 3072), (15360, 3072), (4096, 4096), (4096, 10240), (4096, 11008),
    (11008, 4096), (4096, 14336), (5120, 5120), (5120, 13824), (13824, 5120), (8192, 8192), (4096, 32000),
)  # fmt: skip
_ROWS = (1, 2, 8, 16, 64, 77, 154, 256, 512, 1024, 2048, 4096, 4608, 8192, 16384, 32760, 65536)
# (batch, m, k, n) of batched products: attention written out, and odd ones around it.
_BATCHED = (
    (16, 4096, 40, 4096), (16, 4096, 4096, 40), (16, 1024, 80, 1024), (16, 1024, 1024, 80), (16, 256, 160, 256),
    (20, 1024, 64, 77), (64, 512, 64, 512), (64, 512, 512, 64), (1, 4096, 512, 4096), (1, 4096, 4096, 512),
    (128, 16, 64, 16), (1024, 16, 40, 16), (4096, 16, 16, 80), (32, 1, 128, 2048), (32, 1, 2048, 128),
    (24, 4608, 128, 4608), (8, 333, 200, 777), (3, 1000, 1000, 1000),
)  # fmt: skip
_SMALL_LAYERS = ((320, 320), (320, 2560), (1280, 320), (640, 640), (1280, 1280), (1280, 10240), (5120, 1280))
_SMALL_ROWS = (1, 16, 77, 256, 1024)
_DTYPES = ("bfloat16", "float16", "float32")
# An exact fp32 product at these sizes would take most of the time of a run.
_MOST_FP32_FLOPS = 4e11


def cases(level: str) -> Iterator[KernelCase]:
    """Linear layers over rows, and batched products."""
    if level == "tiny":
        yield contiguous("aten::linear", (8, 32), (16, 32), dtype="float32")
        yield contiguous("aten::bmm", (2, 8, 16), (2, 16, 8), dtype="float32")
        return
    if level == "probe":
        for rows, (inputs, outputs) in itertools.product(_SMALL_ROWS, _SMALL_LAYERS):
            yield contiguous("aten::linear", (rows, inputs), (outputs, inputs), dtype="float32")
        for batch, m, k, n in ((16, 64, 40, 64), (16, 256, 80, 256), (8, 256, 256, 40), (64, 16, 64, 16)):
            yield contiguous("aten::bmm", (batch, m, k), (batch, k, n), dtype="float32")
        return
    for dtype, rows, (inputs, outputs) in itertools.product(_DTYPES, _ROWS, _LAYERS):
        if dtype != "float32" or 2.0 * rows * inputs * outputs < _MOST_FP32_FLOPS:
            yield contiguous("aten::linear", (rows, inputs), (outputs, inputs), dtype=dtype)
    for dtype, (batch, m, k, n) in itertools.product(_DTYPES, _BATCHED):
        yield contiguous("aten::bmm", (batch, m, k), (batch, k, n), dtype=dtype)


def from_operator(op: Op) -> KernelCase | None:
    """``addmm`` and ``mm`` by a transposed weight are linear layers; other products stay what they are."""
    if op.name not in ("aten::addmm", "aten::mm", "aten::bmm", "aten::linear"):
        return None
    first, second = op.inputs[-2:] if op.name != "aten::linear" else op.inputs[:2]
    dtype, strides = first.dtype, (first.strides, second.strides)
    if op.name in ("aten::addmm", "aten::mm") and second.strides == (1, second.shape[0]):
        shapes = (first.shape, (second.shape[1], second.shape[0]))
        attributes = (("bias", True),) if op.name == "aten::addmm" else ()
        kept = (first.strides, ()) if first.strides else ()
        return KernelCase(
            op="aten::linear", input_shapes=shapes, dtype=dtype, attributes=attributes, input_strides=kept
        )
    name = "aten::mm" if op.name == "aten::addmm" else op.name
    return KernelCase(
        op=name,
        input_shapes=(first.shape, second.shape),
        dtype=dtype,
        input_strides=strides if any(strides) else (),
    )


def _linear(tensors: Sequence[torch.Tensor], attributes: Mapping[str, AttributeValue]) -> Callable[[], object]:
    import torch

    x, weight = tensors
    bias = weight.new_ones(weight.shape[0]) if attributes.get("bias") else None
    return lambda: torch.nn.functional.linear(x, weight, bias)


def _mm(tensors: Sequence[torch.Tensor], attributes: Mapping[str, AttributeValue]) -> Callable[[], object]:
    import torch

    a, b = tensors
    return lambda: torch.mm(a, b)


def _bmm(tensors: Sequence[torch.Tensor], attributes: Mapping[str, AttributeValue]) -> Callable[[], object]:
    import torch

    a, b = tensors
    return lambda: torch.bmm(a, b)


RUNNERS: Mapping[str, Runner] = {"aten::linear": _linear, "aten::mm": _mm, "aten::bmm": _bmm}
