"""Elementwise operators: inferred outputs, held to what torch makes of the same call on meta tensors."""

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


def _index(*shape: int) -> Any:
    return torch.empty(shape, dtype=torch.int64, device="meta")


_IMAGE = (2, 8, 16, 12)
_CALLS: dict[str, Callable[[], object]] = {
    "add": lambda: _half(2, 3, 4) + _half(3, 1),
    "add_promotes": lambda: _half(4) + torch.empty(4, device="meta"),
    "add_of_two_halves": lambda: _half(4) + _half(4).bfloat16(),
    "add_number": lambda: _half(4, 5) + 1,
    "add_in_place": lambda: _half(4, 5).add_(_half(5)),
    "mul_transposed": lambda: _half(2, 5, 4).transpose(1, 2) * 2,
    "mul_one_transposed": lambda: _half(2, 5, 4).transpose(1, 2) * _half(2, 4, 5),
    "add_channels_last": lambda: _half(*_IMAGE).to(memory_format=torch.channels_last) + _half(2, 8, 1, 1),
    "compare": lambda: _half(3, 4) > 0,
    "where": lambda: torch.where(_half(3, 4) > 0, _half(3, 4), _half(4)),
    "divide_whole_numbers": lambda: _index(3) / _index(3),
    "exp_of_whole_numbers": lambda: torch.exp(_index(3)),
    "clamp": lambda: _half(3).clamp(0, 1),
    "pow": lambda: _half(3, 3).pow(2),
    "silu": lambda: functional.silu(_half(3, 3)),
    "gelu": lambda: functional.gelu(_half(3, 3)),
    "max_of_two": lambda: torch.maximum(_half(3, 4), _half(4)),
    "glu": lambda: functional.glu(_half(3, 8), -1),
}


@pytest.mark.parametrize("name", _CALLS)
def test_first_output_is_torchs(name: str, assert_like_torch: Callable[..., None]) -> None:
    assert_like_torch(_CALLS[name])


def test_operands_that_do_not_broadcast_have_no_result() -> None:
    op = Op("aten::add", (TensorSpec((2, 3), "float32"), TensorSpec((4,), "float32")), ())
    assert infer_outputs(op) == ()


def test_a_gated_unit_halves_its_input() -> None:
    """As Vidur's tables name it: (tokens, 2 * width)."""
    op = Op("silu_and_mul", (TensorSpec((5, 22016), "float16"),), ())
    assert infer_outputs(op) == (TensorSpec((5, 11008), "float16"),)


def test_an_outer_product_has_the_extents_of_both() -> None:
    op = Op("aten::outer", (TensorSpec((3,), "float16"), TensorSpec((4,), "float32")), ())
    assert infer_outputs(op) == (TensorSpec((3, 4), "float32"),)
