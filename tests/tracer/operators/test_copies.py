"""Copies: inferred outputs, held to what torch makes of the same call on meta tensors."""

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
    "pixel_shuffle": lambda: functional.pixel_shuffle(_half(*_IMAGE), 2),
    "pixel_unshuffle": lambda: functional.pixel_unshuffle(_half(*_IMAGE), 2),
    "tril": lambda: torch.tril(_half(4, 4)),
}


@pytest.mark.parametrize("name", _CALLS)
def test_first_output_is_torchs(name: str, assert_like_torch: Callable[..., None]) -> None:
    assert_like_torch(_CALLS[name])
