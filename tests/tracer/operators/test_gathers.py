"""Gathers: inferred outputs, held to what torch makes of the same call on meta tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")
functional = torch.nn.functional
pytestmark = pytest.mark.torch


def _half(*shape: int) -> Any:
    return torch.empty(shape, dtype=torch.float16, device="meta")


def _index(*shape: int) -> Any:
    return torch.empty(shape, dtype=torch.int64, device="meta")


_CALLS: dict[str, Callable[[], object]] = {
    "embedding": lambda: functional.embedding(_index(2, 7), _half(100, 16)),
    "index_select": lambda: _half(5, 6).index_select(1, _index(3)),
    "gather": lambda: _half(5, 6).gather(1, _index(5, 2)),
}


@pytest.mark.parametrize("name", _CALLS)
def test_first_output_is_torchs(name: str, assert_like_torch: Callable[..., None]) -> None:
    assert_like_torch(_CALLS[name])
