"""Reductions, scans, sorts and softmax: inferred outputs, held to what torch makes of the same call on meta tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tracer.graph import Op, TensorSpec
from tracer.operators import infer_outputs

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


def _half(*shape: int) -> Any:
    return torch.empty(shape, dtype=torch.float16, device="meta")


_CALLS: dict[str, Callable[[], object]] = {
    "softmax": lambda: _half(3, 5).softmax(-1),
    "softmax_to_float": lambda: _half(3, 5).softmax(-1, dtype=torch.float32),
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
}


@pytest.mark.parametrize("name", _CALLS)
def test_first_output_is_torchs(name: str, assert_like_torch: Callable[..., None]) -> None:
    assert_like_torch(_CALLS[name])


def test_samples_and_memberships() -> None:
    rows, table = TensorSpec((3, 9), "float32"), TensorSpec((4,), "float32")
    drawn = Op("aten::multinomial", (rows,), (), (("num_samples", 2),))
    assert infer_outputs(drawn) == (TensorSpec((3, 2), "int64"),)
    assert infer_outputs(Op("aten::isin", (rows, table), ())) == (TensorSpec((3, 9), "bool"),)
    assert infer_outputs(Op("aten::argmin", (rows,), (), (("dim", 1),))) == (TensorSpec((3,), "int64"),)
