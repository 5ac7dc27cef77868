"""Attention, norms and reductions: inferred outputs, held to what torch makes of the same call on meta tensors."""

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


_IMAGE = (2, 8, 16, 12)
_CALLS: dict[str, Callable[[], object]] = {
    "attention": lambda: functional.scaled_dot_product_attention(
        _half(2, 4, 10, 16), _half(2, 4, 7, 16), _half(2, 4, 7, 8)
    ),
    "softmax": lambda: _half(3, 5).softmax(-1),
    "softmax_to_float": lambda: _half(3, 5).softmax(-1, dtype=torch.float32),
    "layer_norm": lambda: functional.layer_norm(_half(2, 3, 8), (8,), _half(8), _half(8)),
    "group_norm": lambda: functional.group_norm(_half(*_IMAGE), 4, _half(8), _half(8)),
    "mean": lambda: _half(2, 3, 4).mean(-1, keepdim=True),
    "mean_of_two_axes": lambda: _half(2, 3, 4).mean((0, 2)),
    "mean_of_all": lambda: _half(2, 3).mean(),
    "sum_of_whole_numbers": lambda: torch.empty(3, 4, dtype=torch.int32, device="meta").sum(0),
    "any": lambda: (_half(3, 4) > 0).any(1),
    "amax": lambda: _half(3, 4).amax(1),
    "argmax": lambda: _half(3, 4).argmax(1),
    "max": lambda: _half(3, 4).max(1).values,
    "var": lambda: _half(3, 4).var(1),
    "norm": lambda: torch.linalg.vector_norm(_half(3, 4), dim=-1),
    "cumsum": lambda: _half(3, 4).cumsum(1),
    "topk": lambda: _half(3, 9).topk(4).values,
    "glu": lambda: functional.glu(_half(3, 8), -1),
    "tril": lambda: torch.tril(_half(4, 4)),
}


@pytest.mark.parametrize("name", _CALLS)
def test_first_output_is_torchs(name: str, assert_like_torch: Callable[..., None]) -> None:
    assert_like_torch(_CALLS[name])


def test_attention_kernels_beneath_the_operator_take_the_length_first() -> None:
    q = TensorSpec((2, 10, 4, 16), "bfloat16")
    assert infer_outputs(Op("aten::_flash_attention_forward", (q, q, q), ())) == (q,)


def test_a_norm_of_a_sum_overwrites_both_of_its_inputs() -> None:
    data, weight = TensorSpec((5, 8), "bfloat16"), TensorSpec((8,), "bfloat16")
    assert infer_outputs(Op("_C::fused_add_rms_norm", (data, data, weight), ())) == (data, data)


def test_rotary_embedding_overwrites_query_and_key() -> None:
    positions, query, key, table = (
        TensorSpec(shape, dtype)
        for shape, dtype in (((3,), "int64"), ((3, 32), "float16"), ((3, 8), "float16"), ((9, 8), "float16"))
    )
    assert infer_outputs(Op("_C::rotary_embedding", (positions, query, key, table), ())) == (query, key)
