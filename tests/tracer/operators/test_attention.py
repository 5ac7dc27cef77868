"""Attention and rotary embedding: inferred outputs, held to what torch makes of the same call on meta tensors."""

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


_CALLS: dict[str, Callable[[], object]] = {
    "attention": lambda: functional.scaled_dot_product_attention(
        _half(2, 4, 10, 16), _half(2, 4, 7, 16), _half(2, 4, 7, 8)
    ),
}


@pytest.mark.parametrize("name", _CALLS)
def test_first_output_is_torchs(name: str, assert_like_torch: Callable[..., None]) -> None:
    assert_like_torch(_CALLS[name])


def test_attention_kernels_beneath_the_operator_take_the_length_first() -> None:
    q = TensorSpec((2, 10, 4, 16), "bfloat16")
    assert infer_outputs(Op("aten::_flash_attention_forward", (q, q, q), ())) == (q,)


def test_rotary_embedding_overwrites_query_and_key() -> None:
    positions, query, key, table = (
        TensorSpec(shape, dtype)
        for shape, dtype in (((3,), "int64"), ((3, 32), "float16"), ((3, 8), "float16"), ((9, 8), "float16"))
    )
    assert infer_outputs(Op("_C::rotary_embedding", (positions, query, key, table), ())) == (query, key)
