"""Convolutions in one, two and three dimensions, plain and transposed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tracer.graph import AttributeValue, Op

from .case import KernelCase, Runner, contiguous

if TYPE_CHECKING:
    import torch

__all__ = ["RUNNERS", "cases", "from_operator"]

# (input channels, output channels, side of the image) of two-dimensional filters: U-Nets and autoencoders.
_LAYERS = (
    (4, 320, 64), (4, 320, 128), (320, 320, 64), (320, 320, 128), (320, 640, 32), (320, 640, 64), (640, 640, 32),
    (640, 640, 64), (640, 1280, 16), (640, 1280, 32), (1280, 1280, 8), (1280, 1280, 16), (1280, 1280, 32),
    (2560, 1280, 8), (2560, 1280, 16), (1920, 640, 32), (960, 320, 64), (640, 320, 64), (320, 4, 64), (512, 512, 64),
    (512, 512, 128), (512, 512, 256), (512, 256, 256), (256, 256, 512), (256, 128, 512), (128, 128, 512),
    (128, 128, 1024), (128, 3, 512), (3, 128, 512), (192, 192, 64), (384, 384, 64), (768, 768, 32), (96, 96, 240),
    (64, 64, 256), (256, 256, 64), (512, 512, 32), (48, 48, 512), (17, 33, 100),
)  # fmt: skip
# (batch, channels, length) of temporal filters of three: batches of pixels, few frames.
_TEMPORAL = tuple(itertools.product((1024, 4096, 16384), (320, 512, 640, 1280), (8, 16, 24, 76)))
# (channels, frames, height, width) of three-dimensional filters: video autoencoders and pseudo-3D networks.
_VOLUMES = (
    (128, 16, 64, 64), (128, 8, 240, 360), (256, 8, 120, 180), (512, 5, 60, 90), (512, 16, 32, 32), (96, 4, 240, 416),
    (192, 4, 120, 208), (384, 2, 60, 104), (320, 16, 32, 32), (640, 16, 16, 16), (1280, 16, 8, 8),
)  # fmt: skip
_DTYPES = ("bfloat16", "float16", "float32")


def cases(level: str) -> Iterator[KernelCase]:
    """3x3 and 1x1 filters, strided ones, temporal and three-dimensional ones."""
    if level == "tiny":
        yield _image(1, 4, 8, 6, 3, "float32")
        yield contiguous("aten::conv1d", (8, 4, 6), (4, 4, 3), dtype="float32", stride=(1,), padding=(1,))
        yield _volume(4, 3, 4, 4, (3, 1, 1), "float32")
        return
    if level == "probe":
        for side, (c, o), size in itertools.product(
            (8, 16, 32), ((64, 64), (320, 320), (320, 640), (640, 640)), (3, 1)
        ):
            yield _image(1, c, o, side, size, "float32")
        for c, o, side in ((4, 320, 64), (128, 128, 64), (320, 4, 32), (512, 512, 16), (128, 3, 128), (128, 128, 128)):
            yield _image(1, c, o, side, 3, "float32")
        for c, o, side in ((512, 512, 64), (256, 256, 128), (128, 128, 256)):
            yield _image(1, c, o, side, 3, "float32")
        for side, (c, o) in itertools.product((4, 8, 16), ((640, 1280), (1280, 1280), (2560, 1280))):
            yield _image(1, c, o, side, 3, "float32")
        yield _image(1, 320, 320, 32, 3, "float32", stride=2)
        yield _image(2, 320, 320, 16, 3, "float32")
        return
    for dtype, batch, (c, o, side) in itertools.product(_DTYPES, (2, 1, 8, 32), _LAYERS):
        # Above this, activations of one layer take more than 4 GiB.
        if batch * max(c, o) * side * side < 2**30:
            yield _image(batch, c, o, side, 3, dtype)
            if batch == 2:
                yield _image(batch, c, o, side, 1, dtype)
                yield _image(batch, c, o, side, 3, dtype, stride=2)
    for dtype, (batch, channels, length) in itertools.product(_DTYPES, _TEMPORAL):
        yield contiguous(
            "aten::conv1d",
            (batch, channels, length),
            (channels, channels, 3),
            dtype=dtype,
            stride=(1,),
            padding=(1,),
        )
    for dtype, volume, filters in itertools.product(_DTYPES, _VOLUMES, ((3, 3, 3), (3, 1, 1), (1, 3, 3))):
        yield _volume(*volume, filters, dtype)


def _image(batch: int, c: int, o: int, side: int, size: int, dtype: str, stride: int = 1) -> KernelCase:
    return contiguous(
        "aten::conv2d",
        (batch, c, side, side),
        (o, c, size, size),
        dtype=dtype,
        stride=(stride, stride),
        padding=(size // 2, size // 2),
    )


def _volume(c: int, frames: int, height: int, width: int, size: tuple[int, int, int], dtype: str) -> KernelCase:
    return contiguous(
        "aten::conv3d",
        (1, c, frames, height, width),
        (c, c, *size),
        dtype=dtype,
        stride=(1, 1, 1),
        padding=tuple(s // 2 for s in size),
    )


_ARGUMENTS = ("stride", "padding", "dilation", "groups", "output_padding")


def from_operator(op: Op) -> KernelCase | None:
    """A convolution by the number of its spatial axes, with its arguments where they are not the defaults."""
    if op.name != "aten::convolution":
        return None
    data, weight = op.inputs[:2]
    transposed = bool(op.attribute("transposed", False))
    rank = len(data.shape) - 2
    given = {name: op.attribute(name) for name in _ARGUMENTS if transposed or name != "output_padding"}
    plain = {"dilation": (1,) * rank, "output_padding": (0,) * rank, "groups": 1}
    attributes = {name: value for name, value in given.items() if value is not None and value != plain.get(name)}
    if len(op.inputs) > 2:
        attributes["bias"] = True
    strides = (data.strides, weight.strides)
    return KernelCase(
        op=f"aten::conv_transpose{rank}d" if transposed else f"aten::conv{rank}d",
        input_shapes=(data.shape, weight.shape),
        dtype=data.dtype,
        attributes=tuple(sorted(attributes.items())),
        input_strides=strides if any(strides) else (),
    )


def _runner(name: str) -> Runner:
    def prepare(tensors: Sequence[torch.Tensor], attributes: Mapping[str, AttributeValue]) -> Callable[[], object]:
        import torch

        function = getattr(torch.nn.functional, name)
        x, weight = tensors
        channels = weight.shape[1] * int(str(attributes.get("groups", 1))) if "transpose" in name else weight.shape[0]
        bias = weight.new_ones(channels) if attributes.get("bias") else None
        options = {key: attributes[key] for key in _ARGUMENTS if key in attributes}
        return lambda: function(x, weight, bias, **options)

    return prepare


RUNNERS: Mapping[str, Runner] = {
    f"aten::{name}": _runner(name) for name in (f"conv{t}{n}d" for t in ("", "_transpose") for n in (1, 2, 3))
}
