"""Products: inferred outputs, held to what torch makes of the same call on meta tensors."""

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
    "mm": lambda: torch.mm(_half(3, 4), _half(4, 5)),
    "bmm": lambda: torch.bmm(_half(2, 3, 4), _half(2, 4, 5)),
    "addmm": lambda: torch.addmm(_half(5), _half(3, 4), _half(4, 5)),
    "baddbmm": lambda: torch.baddbmm(_half(2, 3, 5), _half(2, 3, 4), _half(2, 4, 5)),
    "mv": lambda: torch.mv(_half(3, 4), _half(4)),
    "linear": lambda: torch.ops.aten.linear(_half(3, 4), _half(5, 4), None),
}


@pytest.mark.parametrize("name", _CALLS)
def test_first_output_is_torchs(name: str, assert_like_torch: Callable[..., None]) -> None:
    assert_like_torch(_CALLS[name])


def test_factors_that_do_not_fit_have_no_result() -> None:
    op = Op("aten::mm", (TensorSpec((2, 3), "float16"), TensorSpec((4, 5), "float16")), ())
    assert infer_outputs(op) == ()


def test_a_sum_of_products_has_no_batch() -> None:
    shapes = ((3, 5), (7, 3, 4), (7, 4, 5))
    op = Op("aten::addbmm", tuple(TensorSpec(shape, "float16") for shape in shapes), ())
    assert infer_outputs(op) == (TensorSpec((3, 5), "float16"),)
