"""Normalizations: inferred outputs, held to what torch makes of the same call on meta tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tracer.graph import Op, TensorSpec
from tracer.operators import infer_outputs

torch = pytest.importorskip("torch")
functional = torch.nn.functional
pytestmark = pytest.mark.torch


def _half(*shape: int) -> Any:
    return torch.empty(shape, dtype=torch.float16, device="meta")


_IMAGE = (2, 8, 16, 12)
_CALLS: dict[str, Callable[[], object]] = {
    "layer_norm": lambda: functional.layer_norm(_half(2, 3, 8), (8,), _half(8), _half(8)),
    "group_norm": lambda: functional.group_norm(_half(*_IMAGE), 4, _half(8), _half(8)),
}


@pytest.mark.parametrize("name", _CALLS)
def test_first_output_is_torchs(name: str, assert_like_torch: Callable[..., None]) -> None:
    assert_like_torch(_CALLS[name])


def test_a_norm_of_a_sum_overwrites_both_of_its_inputs() -> None:
    data, weight = TensorSpec((5, 8), "bfloat16"), TensorSpec((8,), "bfloat16")
    assert infer_outputs(Op("_C::fused_add_rms_norm", (data, data, weight), ())) == (data, data)
