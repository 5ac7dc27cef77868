"""Resampling and pooling: inferred outputs, held to what torch makes of the same call on meta tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")
functional = torch.nn.functional
pytestmark = pytest.mark.torch


def _half(*shape: int) -> Any:
    return torch.empty(shape, dtype=torch.float16, device="meta")


_IMAGE = (2, 8, 16, 12)
_CALLS: dict[str, Callable[[], object]] = {
    "upsample_nearest": lambda: functional.interpolate(_half(*_IMAGE), scale_factor=2.0),
    "upsample_to_size": lambda: functional.interpolate(_half(*_IMAGE), size=(20, 30)),
    "upsample_bilinear": lambda: functional.interpolate(_half(*_IMAGE), scale_factor=2.0, mode="bilinear"),
    "upsample_3d": lambda: functional.interpolate(_half(1, 2, 3, 4, 5), scale_factor=(1.0, 2.0, 2.0)),
    "avg_pool": lambda: functional.avg_pool2d(_half(*_IMAGE), 2),
    "max_pool": lambda: functional.max_pool2d(_half(*_IMAGE), 3, stride=2, padding=1, ceil_mode=True),
    "adaptive_pool": lambda: functional.adaptive_avg_pool2d(_half(*_IMAGE), (3, 2)),
}


@pytest.mark.parametrize("name", _CALLS)
def test_first_output_is_torchs(name: str, assert_like_torch: Callable[..., None]) -> None:
    assert_like_torch(_CALLS[name])
