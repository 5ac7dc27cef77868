"""Convolutions as cases."""

from __future__ import annotations

import pytest

from tracer.graph import Op, TensorSpec, attributes_from
from validation.machine.sweeps.convolution import RUNNERS, from_operator


def _op(*shapes: tuple[int, ...], **attributes: object) -> Op:
    given = {
        "stride": (1, 1), "padding": (1, 1), "dilation": (1, 1), "transposed": False, "output_padding": (0, 0),
        "groups": 1, **attributes,
    }  # fmt: skip
    return Op("aten::convolution", tuple(TensorSpec(s, "float16") for s in shapes), (), attributes_from(given))  # type: ignore[arg-type]


def test_defaults_are_left_out_and_a_bias_is_an_attribute() -> None:
    case = from_operator(_op((1, 8, 4, 4), (16, 8, 3, 3), (16,)))
    assert case is not None
    assert (case.op, case.input_shapes) == ("aten::conv2d", ((1, 8, 4, 4), (16, 8, 3, 3)))
    assert dict(case.attributes) == {"stride": (1, 1), "padding": (1, 1), "bias": True}


def test_groups_dilation_and_rank() -> None:
    grouped = from_operator(_op((1, 8, 4, 4), (8, 1, 3, 3), groups=8, dilation=(2, 2)))
    assert grouped is not None
    assert dict(grouped.attributes)["groups"] == 8
    assert dict(grouped.attributes)["dilation"] == (2, 2)
    temporal = from_operator(_op((64, 8, 16), (8, 8, 3), stride=(1,), padding=(1,), dilation=(1,), output_padding=(0,)))
    assert temporal is not None
    assert temporal.op == "aten::conv1d"


def test_transposed_ones_have_an_operator_of_their_own() -> None:
    case = from_operator(_op((1, 8, 4, 4), (8, 4, 4, 4), transposed=True, stride=(2, 2)))
    assert case is not None
    assert case.op == "aten::conv_transpose2d"
    assert "output_padding" not in dict(case.attributes)


def test_runners_call_the_function() -> None:
    torch = pytest.importorskip("torch")
    x, weight = torch.randn(1, 4, 8, 8), torch.randn(6, 2, 3, 3)
    options = {"stride": (2, 2), "padding": (1, 1), "groups": 2}
    out = RUNNERS["aten::conv2d"]([x, weight], {**options, "bias": True})()
    assert torch.allclose(out, torch.nn.functional.conv2d(x, weight, None, **options) + 1, atol=1e-5)
    back = RUNNERS["aten::conv_transpose2d"]([torch.randn(1, 4, 5, 5), torch.randn(4, 3, 2, 2)], {"bias": True})()
    assert back.shape == (1, 3, 6, 6)
