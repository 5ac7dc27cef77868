"""Group, layer and root-mean-square norms, and softmax."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tracer.graph import AttributeValue, Op

from .case import KernelCase, Runner, contiguous

if TYPE_CHECKING:
    import torch

__all__ = ["RUNNERS", "cases", "from_operator"]

_GROUPS = 32
# (channels, positions) of feature maps before a group norm: U-Nets, autoencoders, video.
_MAPS = (
    (320, 4096), (320, 16384), (640, 1024), (640, 4096), (960, 4096), (1280, 64), (1280, 256), (1280, 1024),
    (1920, 1024), (2560, 64), (2560, 256), (512, 4096), (512, 16384), (512, 65536), (256, 262144), (128, 262144),
    (128, 1048576), (320, 65536), (640, 16384), (64, 100), (96, 9216),
)  # fmt: skip
_ROWS = (1, 77, 256, 1024, 4096, 8192, 16384, 65536)
_WIDTHS = (320, 640, 768, 1024, 1152, 1280, 1536, 2048, 3072, 4096, 5120, 8192)
_SOFTMAX = ((16, 4096, 4096), (16, 1024, 1024), (32, 256, 256), (20, 4096, 77), (1, 4096, 4096), (4096, 16, 16),
            (64, 512, 512), (1, 1, 32000))  # fmt: skip
_DTYPES = ("bfloat16", "float16", "float32")


def cases(level: str) -> Iterator[KernelCase]:
    """Norms over feature maps and rows, softmax over scores."""
    if level == "tiny":
        yield contiguous("aten::group_norm", (1, 8, 4, 4), dtype="float32", num_groups=2)
        yield contiguous("aten::layer_norm", (4, 16), dtype="float32", normalized_shape=(16,))
        yield contiguous("aten::softmax", (4, 16), dtype="float32", dim=-1)
        return
    if level == "probe":
        for channels, side in (
            (320, 8),
            (320, 32),
            (320, 64),
            (640, 16),
            (640, 32),
            (1280, 8),
            (1280, 16),
            (128, 128),
            (128, 256),
        ):
            yield contiguous("aten::group_norm", (1, channels, side, side), dtype="float32", num_groups=_GROUPS)
        for rows, width in itertools.product((16, 256, 1024), (320, 640, 1280)):
            yield contiguous("aten::layer_norm", (rows, width), dtype="float32", normalized_shape=(width,))
            yield contiguous("aten::softmax", (rows, width), dtype="float32", dim=-1)
        return
    for dtype, batch, (channels, positions) in itertools.product(_DTYPES, (2, 1, 16), _MAPS):
        if batch * channels * positions < 2**30:
            yield contiguous("aten::group_norm", (batch, channels, positions), dtype=dtype, num_groups=_GROUPS)
    for dtype, rows, width in itertools.product(_DTYPES, _ROWS, _WIDTHS):
        yield contiguous("aten::layer_norm", (rows, width), dtype=dtype, normalized_shape=(width,))
        yield contiguous("aten::rms_norm", (rows, width), dtype=dtype, normalized_shape=(width,))
    for dtype, shape in itertools.product(_DTYPES, _SOFTMAX):
        yield contiguous("aten::softmax", shape, dtype=dtype, dim=-1)


def from_operator(op: Op) -> KernelCase | None:
    """Norms by their public names."""
    found: dict[str, tuple[str, dict[str, AttributeValue]]] = {
        "aten::native_group_norm": ("aten::group_norm", {"num_groups": op.attribute("group")}),
        "aten::native_layer_norm": ("aten::layer_norm", {"normalized_shape": op.attribute("normalized_shape")}),
        "aten::_fused_rms_norm": ("aten::rms_norm", {"normalized_shape": op.attribute("normalized_shape")}),
        "aten::_softmax": ("aten::softmax", {"dim": op.attribute("dim")}),
    }
    if op.name not in found:
        return None
    name, attributes = found[op.name]
    # Rank 4 and more: group norm sees the positions as one axis, whatever their shape.
    data = op.inputs[0]
    return KernelCase(
        op=name,
        input_shapes=(data.shape,),
        dtype=data.dtype,
        attributes=tuple(sorted(attributes.items())),
        input_strides=(data.strides,) if data.strides else (),
    )


def _group_norm(tensors: Sequence[torch.Tensor], attributes: Mapping[str, AttributeValue]) -> Callable[[], object]:
    import torch

    (x,) = tensors
    weight, bias = x.new_ones(x.shape[1]), x.new_zeros(x.shape[1])
    groups = int(str(attributes["num_groups"]))
    return lambda: torch.nn.functional.group_norm(x, groups, weight, bias)


def _layer_norm(tensors: Sequence[torch.Tensor], attributes: Mapping[str, AttributeValue]) -> Callable[[], object]:
    import torch

    (x,) = tensors
    shape = _shape(attributes)
    weight, bias = x.new_ones(shape), x.new_zeros(shape)
    return lambda: torch.nn.functional.layer_norm(x, shape, weight, bias)


def _rms_norm(tensors: Sequence[torch.Tensor], attributes: Mapping[str, AttributeValue]) -> Callable[[], object]:
    import torch

    (x,) = tensors
    shape = _shape(attributes)
    weight = x.new_ones(shape)
    return lambda: torch.nn.functional.rms_norm(x, list(shape), weight)


def _softmax(tensors: Sequence[torch.Tensor], attributes: Mapping[str, AttributeValue]) -> Callable[[], object]:
    import torch

    (x,) = tensors
    dim = int(str(attributes["dim"]))
    return lambda: torch.softmax(x, dim)


def _shape(attributes: Mapping[str, AttributeValue]) -> tuple[int, ...]:
    shape = attributes["normalized_shape"]
    return tuple(int(n) for n in shape) if isinstance(shape, tuple) else ()


RUNNERS: Mapping[str, Runner] = {
    "aten::group_norm": _group_norm,
    "aten::layer_norm": _layer_norm,
    "aten::rms_norm": _rms_norm,
    "aten::softmax": _softmax,
}
