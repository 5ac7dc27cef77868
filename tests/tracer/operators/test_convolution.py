"""Convolutions: inferred outputs, held to what torch makes of the same call on meta tensors."""

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
    "conv2d": lambda: functional.conv2d(_half(*_IMAGE), _half(4, 8, 3, 3), _half(4), stride=2, padding=1),
    "conv2d_dilated": lambda: functional.conv2d(_half(*_IMAGE), _half(4, 2, 3, 3), groups=4, dilation=2),
    "conv1d": lambda: functional.conv1d(_half(2, 8, 20), _half(4, 8, 5), padding=2),
    "conv3d": lambda: functional.conv3d(_half(1, 4, 5, 8, 8), _half(6, 4, 3, 3, 3), padding=(0, 1, 1)),
    "conv_transpose2d": lambda: functional.conv_transpose2d(
        _half(*_IMAGE), _half(8, 4, 4, 4), stride=2, padding=1, output_padding=1
    ),
    "conv_transpose1d": lambda: functional.conv_transpose1d(_half(2, 8, 9), _half(8, 3, 3), groups=2),
}


@pytest.mark.parametrize("name", _CALLS)
def test_first_output_is_torchs(name: str, assert_like_torch: Callable[..., None]) -> None:
    assert_like_torch(_CALLS[name])


def test_gradients_are_like_what_they_are_of_as_far_as_they_are_asked_for() -> None:
    grad, data, weight = (TensorSpec(s, "float16") for s in ((2, 4, 8, 6), (2, 8, 16, 12), (4, 8, 3, 3)))
    op = Op("aten::convolution_backward", (grad, data, weight), (), (("output_mask", (False, True, True)),))
    assert infer_outputs(op) == (weight,)
    assert infer_outputs(Op(op.name, op.inputs, ())) == (data, weight)


def test_channels_stay_innermost_where_the_filter_has_them_so() -> None:
    """cuDNN takes the layout of input or weight (aten/src/ATen/native/Convolution.cpp)."""
    weight = TensorSpec((4, 8, 3, 3), "float16", (72, 1, 24, 8))
    op = Op(
        "aten::cudnn_convolution",
        (TensorSpec((2, 8, 10, 10), "float16"), weight),
        (),
        (("dilation", (1, 1)), ("padding", (0, 0)), ("stride", (1, 1))),
    )
    assert infer_outputs(op) == (TensorSpec((2, 4, 8, 8), "float16", (256, 1, 32, 4)),)


def test_a_convolution_without_recorded_stride_has_no_result() -> None:
    op = Op("aten::conv2d", (TensorSpec((2, 8, 10, 10), "float16"), TensorSpec((4, 8, 3, 3), "float16")), ())
    assert infer_outputs(op) == ()
