"""Operators of rows."""

from __future__ import annotations

import json

import pytest

from simulator.execution import Execution
from simulator.lowering import kernels_of
from tracer.graph import TensorSpec
from validation.measured.row_operator import operator_of_row


def test_shapes_and_attributes_make_the_call() -> None:
    attributes = {"stride": [2, 2], "padding": [1, 1], "bias": True, "cache": "cold"}
    op = operator_of_row("aten::conv2d", [[1, 3, 8, 8], [16, 3, 3, 3]], "float16", attributes)
    assert [t.shape for t in op.inputs] == [(1, 3, 8, 8), (16, 3, 3, 3), (16,)]
    assert op.outputs[0].shape == (1, 16, 4, 4)
    assert op.attribute("stride") == (2, 2)
    assert op.attribute("cache") is None


def test_convolutions_have_torchs_defaults() -> None:
    plain = operator_of_row("aten::conv1d", [[1, 8, 16], [8, 8, 3]], "float32", {})
    assert plain.outputs[0].shape == (1, 8, 14)
    same = operator_of_row("aten::conv2d", [[1, 8, 9, 9], [8, 2, 3, 5]], "float32", {"padding": "same"})
    assert same.outputs[0].shape == (1, 8, 9, 9)
    assert same.attribute("groups") == 4
    wide = operator_of_row("aten::conv_transpose2d", [[1, 8, 4, 4], [8, 4, 2, 2]], "float32", {"stride": 2})
    assert wide.outputs[0].shape == (1, 4, 8, 8)


def test_strides_are_kept_where_they_say_something() -> None:
    attributes = {"input_strides": [[1, 4], [8, 1]]}
    op = operator_of_row("aten::add", [[4, 8], [4, 8]], "float32", attributes)
    assert op.inputs == (TensorSpec((4, 8), "float32", (1, 4)), TensorSpec((4, 8), "float32"))


@pytest.mark.parametrize(
    ("name", "shapes", "attributes", "dtypes"),
    [
        ("aten::embedding", [[100, 8], [2, 5]], {}, ["float16", "int64"]),
        ("aten::where", [[8], [8], [8]], {}, ["bool", "float16", "float16"]),
        ("aten::add", [[8], [8]], {"input_dtypes": ["float16", "float32"]}, ["float16", "float32"]),
    ],
)
def test_dtypes_that_differ(name: str, shapes: list[list[int]], attributes: dict[str, object], dtypes: str) -> None:
    assert [t.dtype for t in operator_of_row(name, shapes, "float16", attributes).inputs] == dtypes


@pytest.mark.parametrize(
    ("name", "attributes", "parameters"),
    [
        ("aten::group_norm", {"num_groups": 2}, [(8,), (8,)]),
        ("aten::batch_norm", {}, [(8,)] * 4),
        ("aten::layer_norm", {"normalized_shape": [8, 4]}, [(8, 4), (8, 4)]),
        ("aten::layer_norm", {}, [(4,), (4,)]),
        ("aten::rms_norm", {}, [(4,)]),
    ],
)
def test_parameters_of_norms_are_added(name: str, attributes: dict[str, object], parameters: list[object]) -> None:
    op = operator_of_row(name, [[2, 8, 4]], "float32", attributes)
    assert [t.shape for t in op.inputs[1:]] == parameters


def test_a_mask_and_grouped_queries() -> None:
    shapes = [[1, 8, 16, 64], [1, 2, 32, 64], [1, 2, 32, 64]]
    attributes = {"enable_gqa": True, "mask_shape": [16, 32], "mask_dtype": "bool"}
    op = operator_of_row("aten::scaled_dot_product_attention", shapes, "bfloat16", attributes)
    assert op.inputs[3] == TensorSpec((16, 32), "bool")
    # With a mask no fused kernel shares keys between query heads.
    assert [kernel.name for kernel in kernels_of(op, Execution())][:2] == ["attention_scores", "attention_mask"]
    unmasked = operator_of_row("aten::scaled_dot_product_attention", shapes, "bfloat16", {"enable_gqa": True})
    (kernel,) = kernels_of(unmasked, Execution())
    assert kernel.heads_per_key_head == 4


def test_a_cast_names_what_it_makes() -> None:
    assert operator_of_row("aten::_to_copy", [[8]], "float32", {"to": "bfloat16"}).outputs[0].dtype == "bfloat16"


@pytest.mark.parametrize(
    ("name", "shapes", "dtype"),
    [
        ("aten::cholesky", [[4, 4]], "float32"),
        ("aten::mm", [[4, 4]], "float32"),
        ("aten::relu", [[]], "float32"),
        ("aten::relu", [[4]], "float1"),
    ],
)
def test_what_is_no_call_is_refused(name: str, shapes: list[list[int]], dtype: str) -> None:
    with pytest.raises(ValueError, match=r"aten::|float1"):
        operator_of_row(name, shapes, dtype, {})


def test_rows_of_a_campaign_are_lowered_as_the_calls_that_were_timed() -> None:
    pytest.importorskip("torch")
    from validation.machine.sweeps import FAMILIES, cases_of
    from validation.machine.sweeps.lowered import case_kernels

    for family in FAMILIES:
        for case in (*cases_of(family, "tiny"), *cases_of(family, "full")[::97]):
            if case.op == "aten::group_norm":
                continue  # also writes two numbers a group, which a row does not show
            row = case.columns()
            op = operator_of_row(
                row["op"], json.loads(row["input_shapes"]), row["dtype"], json.loads(row["attributes"])
            )
            assert list(kernels_of(op, Execution())) == case_kernels(case), case
