"""Copies, casts, transposes, concatenation, padding and upsampling: operators that move data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tracer.graph import AttributeValue, Op

from .case import KernelCase, Runner, contiguous

if TYPE_CHECKING:
    import torch

__all__ = ["RUNNERS", "cases", "from_operator"]

_SIZES = tuple(2**n for n in (12, 16, 18, 20, 22, 24, 26, 28))
# (batch, tokens, heads, head dimension): heads brought to the front; (batch, channels, pixels): channels to the back.
_HEADS = ((2, 4096, 8, 40), (2, 1024, 16, 80), (2, 256, 8, 160), (1, 4608, 24, 128), (16, 1024, 10, 64))
_MAPS = ((2, 320, 4096), (2, 640, 1024), (2, 1280, 256), (1, 512, 65536), (16, 320, 4096), (1, 128, 1048576))
_CATS = (
    ((2, 320, 64, 64), (2, 320, 64, 64)), ((2, 640, 32, 32), (2, 320, 32, 32)), ((2, 1280, 16, 16), (2, 1280, 16, 16)),
    ((2, 1280, 8, 8), (2, 1280, 8, 8)), ((1, 512, 3072), (1, 4096, 3072)), ((1, 32, 2048, 128), (1, 32, 1, 128)),
)  # fmt: skip
_IMAGES = ((2, 1280, 8), (2, 1280, 16), (2, 640, 32), (1, 512, 64), (1, 512, 128), (1, 256, 256), (16, 512, 32))
_DTYPES = ("bfloat16", "float16", "float32")


def cases(level: str) -> Iterator[KernelCase]:
    """Every kind of movement at a few shapes."""
    if level == "tiny":
        yield contiguous("aten::clone", (256,), dtype="float32")
        yield _transposed((2, 3, 4), (0, 2, 1), "float32")
        yield contiguous("aten::cat", (1, 2, 4), (1, 3, 4), dtype="float32", dim=1)
        yield contiguous("aten::constant_pad_nd", (1, 2, 4, 4), dtype="float32", pad=(0, 1, 0, 1))
        yield _upsampled((1, 2, 4, 4), "float32")
        return
    if level == "probe":
        for elements in (2**12, 2**16, 2**18, 2**20, 2**22):
            yield contiguous("aten::clone", (elements,), dtype="float32")
        for heads in ((1, 256, 8, 80), (1, 1024, 8, 40), (1, 4096, 8, 40)):
            yield _transposed(heads, (0, 2, 1, 3), "float32")
        for pixels in ((1, 320, 1024), (1, 640, 256), (1, 320, 4096)):
            yield _transposed(pixels, (0, 2, 1), "float32")
        yield contiguous("aten::cat", (1, 640, 16, 16), (1, 320, 16, 16), dtype="float32", dim=1)
        yield contiguous("aten::cat", (1, 320, 64, 64), (1, 320, 64, 64), dtype="float32", dim=1)
        for channels, side in ((1280, 8), (640, 16), (512, 32)):
            yield _upsampled((1, channels, side, side), "float32")
        return
    for dtype in _DTYPES:
        yield from _full(dtype)


def _full(dtype: str) -> Iterator[KernelCase]:
    other = "float32" if dtype != "float32" else "bfloat16"
    for elements in _SIZES:
        yield contiguous("aten::clone", (elements,), dtype=dtype)
        yield contiguous("aten::_to_copy", (elements,), dtype=dtype, to=other)
    for heads in _HEADS:
        yield _transposed(heads, (0, 2, 1, 3), dtype)
    for pixels in _MAPS:
        yield _transposed(pixels, (0, 2, 1), dtype)
    for first, second in _CATS:
        yield contiguous("aten::cat", first, second, dtype=dtype, dim=2 if first[1] == 32 else 1)
    for batch, channels, side in _IMAGES:
        yield _upsampled((batch, channels, side, side), dtype)
        yield contiguous("aten::constant_pad_nd", (batch, channels, side, side), dtype=dtype, pad=(0, 1, 0, 1))
    yield _upsampled((1, 256, 8, 60, 90), dtype)
    yield contiguous("aten::constant_pad_nd", (1, 128, 8, 240, 360), dtype=dtype, pad=(1, 1, 1, 1, 2, 0))


def _transposed(shape: tuple[int, ...], axes: tuple[int, ...], dtype: str) -> KernelCase:
    """Contiguous copy of a permuted view of a tensor of `shape`."""
    steps = [1] * len(shape)
    for axis in reversed(range(len(shape) - 1)):
        steps[axis] = steps[axis + 1] * shape[axis + 1]
    return KernelCase(
        op="aten::clone",
        input_shapes=(tuple(shape[a] for a in axes),),
        dtype=dtype,
        attributes=(("memory_format", "contiguous_format"),),
        input_strides=(tuple(steps[a] for a in axes),),
    )


def _upsampled(shape: tuple[int, ...], dtype: str) -> KernelCase:
    """Nearest neighbours, twice as many along the last two axes."""
    size = (*shape[2:-2], 2 * shape[-2], 2 * shape[-1])
    return contiguous(f"aten::upsample_nearest{len(size)}d", shape, dtype=dtype, output_size=size)


# Attributes of each operator that change what is moved.
_KEPT: Mapping[str, tuple[str, ...]] = {
    "aten::clone": ("memory_format",),
    "aten::_to_copy": ("dtype",),
    "aten::cat": ("dim",),
    "aten::constant_pad_nd": ("pad",),
    "aten::upsample_nearest1d": ("output_size",),
    "aten::upsample_nearest2d": ("output_size",),
    "aten::upsample_nearest3d": ("output_size",),
}


def from_operator(op: Op) -> KernelCase | None:
    """Movements of whole tensors of one dtype."""
    if op.name not in _KEPT or not op.inputs or len({t.dtype for t in op.inputs}) != 1:
        return None
    attributes = {name: op.attribute(name) for name in _KEPT[op.name] if op.attribute(name) is not None}
    if op.name == "aten::_to_copy":
        if "dtype" not in attributes:
            return None
        attributes = {"to": attributes["dtype"]}
    if attributes.get("memory_format", "contiguous_format") != "contiguous_format":
        return None
    strides = tuple(t.strides for t in op.inputs)
    return KernelCase(
        op=op.name,
        input_shapes=tuple(t.shape for t in op.inputs),
        dtype=op.inputs[0].dtype,
        attributes=tuple(sorted(attributes.items())),
        input_strides=strides if any(strides) else (),
    )


_Attributes = Mapping[str, AttributeValue]


def _clone(tensors: Sequence[torch.Tensor], attributes: _Attributes) -> Callable[[], object]:
    import torch

    (x,) = tensors
    return lambda: x.clone(memory_format=torch.contiguous_format)


def _cast(tensors: Sequence[torch.Tensor], attributes: _Attributes) -> Callable[[], object]:
    import torch

    (x,) = tensors
    to = getattr(torch, str(attributes["to"]))
    return lambda: x.to(to)


def _cat(tensors: Sequence[torch.Tensor], attributes: _Attributes) -> Callable[[], object]:
    import torch

    parts, dim = list(tensors), int(str(attributes["dim"]))
    return lambda: torch.cat(parts, dim)


def _pad(tensors: Sequence[torch.Tensor], attributes: _Attributes) -> Callable[[], object]:
    import torch

    (x,) = tensors
    pad: Any = attributes["pad"]
    return lambda: torch.nn.functional.pad(x, pad)


def _upsample(tensors: Sequence[torch.Tensor], attributes: _Attributes) -> Callable[[], object]:
    import torch

    (x,) = tensors
    size: Any = attributes["output_size"]
    return lambda: torch.nn.functional.interpolate(x, size=size, mode="nearest")


RUNNERS: Mapping[str, Runner] = {
    "aten::clone": _clone,
    "aten::_to_copy": _cast,
    "aten::cat": _cat,
    "aten::constant_pad_nd": _pad,
    **{f"aten::upsample_nearest{n}d": _upsample for n in (1, 2, 3)},
}
