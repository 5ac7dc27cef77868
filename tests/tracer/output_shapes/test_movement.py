"""Copies, gathers and resampling: inferred outputs, held to what torch makes of the same call on meta tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tracer.graph import Op, TensorSpec
from tracer.output_shapes import infer_outputs

torch = pytest.importorskip("torch")
functional = torch.nn.functional
pytestmark = pytest.mark.torch


def _half(*shape: int) -> Any:
    return torch.empty(shape, dtype=torch.float16, device="meta")


def _index(*shape: int) -> Any:
    return torch.empty(shape, dtype=torch.int64, device="meta")


_IMAGE = (2, 8, 16, 12)
_CALLS: dict[str, Callable[[], object]] = {
    "clone": lambda: _half(2, 5, 4).transpose(1, 2).clone(),
    "contiguous": lambda: _half(2, 5, 4).transpose(1, 2).contiguous(),
    "clone_of_a_slice": lambda: _half(4, 6)[:, 1:3].clone(),
    "to_float": lambda: _half(3, 4).float(),
    "to_channels_last": lambda: _half(*_IMAGE).to(memory_format=torch.channels_last),
    "cat": lambda: torch.cat([_half(2, 3, 4), _half(2, 5, 4)], 1),
    "cat_last": lambda: torch.cat([_half(2, 3), _half(2, 5)], -1),
    "stack": lambda: torch.stack([_half(2, 3), _half(2, 3)], -1),
    "pad": lambda: functional.pad(_half(2, 3, 4), (1, 2, 0, 3)),
    "pad_reflect": lambda: functional.pad(_half(2, 3, 8), (1, 2), mode="reflect"),
    "repeat": lambda: _half(3, 4).repeat(2, 1, 5),
    "embedding": lambda: functional.embedding(_index(2, 7), _half(100, 16)),
    "index_select": lambda: _half(5, 6).index_select(1, _index(3)),
    "gather": lambda: _half(5, 6).gather(1, _index(5, 2)),
    "upsample_nearest": lambda: functional.interpolate(_half(*_IMAGE), scale_factor=2.0),
    "upsample_to_size": lambda: functional.interpolate(_half(*_IMAGE), size=(20, 30)),
    "upsample_bilinear": lambda: functional.interpolate(_half(*_IMAGE), scale_factor=2.0, mode="bilinear"),
    "upsample_3d": lambda: functional.interpolate(_half(1, 2, 3, 4, 5), scale_factor=(1.0, 2.0, 2.0)),
    "avg_pool": lambda: functional.avg_pool2d(_half(*_IMAGE), 2),
    "max_pool": lambda: functional.max_pool2d(_half(*_IMAGE), 3, stride=2, padding=1, ceil_mode=True),
    "adaptive_pool": lambda: functional.adaptive_avg_pool2d(_half(*_IMAGE), (3, 2)),
    "pixel_shuffle": lambda: functional.pixel_shuffle(_half(*_IMAGE), 2),
    "pixel_unshuffle": lambda: functional.pixel_unshuffle(_half(*_IMAGE), 2),
}


@pytest.mark.parametrize("name", _CALLS)
def test_first_output_is_torchs(name: str, assert_like_torch: Callable[..., None]) -> None:
    assert_like_torch(_CALLS[name])


def test_nothing_is_known_of_a_size_that_is_not_recorded() -> None:
    image = TensorSpec((1, 3, 8, 8), "float16")
    assert infer_outputs(Op("aten::upsample_nearest2d", (image,), ())) == ()
    assert infer_outputs(Op("aten::constant_pad_nd", (image,), ())) == ()
    assert infer_outputs(Op("aten::zeros", (), ())) == ()
