"""Argument lists as profilers record them, there and back."""

from dataclasses import replace

import pytest

from simulator.results.argument_lists import profiler_type, recorded_from
from tracer.events.operator_arguments import dtype_of_type, operator_from
from tracer.graph import Op, TensorSpec, attributes_from
from tracer.library.graphs import graph_of
from tracer.operators import argument_names


def half(*shape, strides=()):
    return TensorSpec(shape, "float16", strides)


def test_a_convolution_says_shapes_strides_and_values_by_position():
    values = {"stride": (2, 2), "padding": (1, 1), "dilation": (1, 1), "transposed": False, "groups": 1}
    attributes = attributes_from({**values, "output_padding": (0, 0)})
    channels_last = half(1, 4, 64, 64, strides=(16384, 1, 256, 4))
    op = Op("aten::convolution", (channels_last, half(320, 4, 3, 3)), (), attributes)
    found = recorded_from(op)
    assert found.shapes == [[1, 4, 64, 64], [320, 4, 3, 3], [], [], [], [], [], [], []]
    assert found.strides[:3] == [[16384, 1, 256, 4], [36, 9, 3, 1], []]
    assert found.types[:4] == ["c10::Half", "c10::Half", "", "ScalarList"]
    assert found.values == ["", "", "", "[2, 2]", "[1, 1]", "[1, 1]", "False", "[0, 0]", "1"]
    back = operator_from(op.name, found)
    assert (back.inputs, back.attributes) == (op.inputs, op.attributes)


def test_a_concatenation_is_of_a_list():
    op = Op("aten::cat", (half(2, 3), half(2, 5)), (), attributes_from({"dim": 1}))
    found = recorded_from(op)
    assert found.shapes == [[[2, 3], [2, 5]], []]
    assert found.strides == [[[3, 1], [5, 1]], []]
    assert found.types == ["TensorList", "Scalar"]
    back = operator_from(op.name, found, list_dtype="float16")
    assert back.outputs == (half(2, 8),)


def test_a_dtype_is_a_number():
    op = Op("aten::_to_copy", (half(4),), (), attributes_from({"dtype": "float32"}))
    assert recorded_from(op).values[:2] == ["", "6"]
    assert operator_from(op.name, recorded_from(op)).outputs == (TensorSpec((4,), "float32"),)


def test_what_the_declaration_does_not_name_stands_behind():
    op = Op("aten::mul", (half(4),), (half(4),), attributes_from({"other": 0.125}))
    assert argument_names(op.name) == ()
    assert recorded_from(op).values == ["", "0.125"]
    assert operator_from(op.name, recorded_from(op)).inputs == (half(4),)


def test_a_tensor_without_extents_has_no_strides():
    assert recorded_from(Op("aten::mul", (half(), half(3)), ())).strides == [[], [1]]


@pytest.mark.parametrize("model", ["stable-diffusion", "llama2-7b"])
def test_inputs_and_arguments_of_whole_models_come_back(model):
    for op in graph_of(model, {}).operators:
        usual = op.inputs[0].dtype if op.inputs else None
        back = operator_from(op.name, recorded_from(op), list_dtype=usual)
        plain = [replace(t, storage=-1, strides=() if t.is_contiguous else t.strides) for t in op.inputs]
        assert list(back.inputs) == plain
        named = {name: value for name, value in op.attributes if name in argument_names(op.name)}
        assert dict(back.attributes) == named


@pytest.mark.parametrize(
    "dtype", ["float16", "bfloat16", "float32", "int64", "int16", "float8_e4m3fn", "complex64", "bool"]
)
def test_types_are_those_of_the_profiler(dtype):
    assert dtype_of_type(profiler_type(dtype)) == dtype
