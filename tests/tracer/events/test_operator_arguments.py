"""Recorded argument lists as operators."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.execution import Execution
from simulator.kernels import Collective
from simulator.lowering import kernels_of
from tracer.events.operator_arguments import RecordedArguments, dtype_of_type, message_of, operator_from
from tracer.graph import Op, TensorSpec


def test_positions_become_names() -> None:
    op = operator_from(
        "aten::convolution",
        RecordedArguments(
            shapes=[[1, 8, 10, 10], [4, 8, 3, 3], [4], [], [], [], [], [], []],
            types=["c10::Half"] * 3 + ["ScalarList"] * 3 + ["Scalar", "ScalarList", "Scalar"],
            strides=[[800, 100, 10, 1], [72, 9, 3, 1], [1], [], [], [], [], [], []],
            values=["", "", "", "[2, 2]", "[1, 1]", "[1, 1]", "False", "[0, 0]", "1"],
        ),
    )
    assert op.inputs[0] == TensorSpec((1, 8, 10, 10), "float16")
    assert op.attribute("stride") == (2, 2)
    assert op.attribute("transposed") is False
    assert op.attribute("groups") == 1
    assert op.outputs == (TensorSpec((1, 4, 5, 5), "float16"),)


def test_strides_are_kept_where_they_say_something() -> None:
    op = operator_from(
        "aten::copy_",
        RecordedArguments(
            shapes=[[2, 3], [2, 3], []],
            types=["float", "c10::BFloat16", "Scalar"],
            strides=[[3, 1], [1, 2], []],
            values=["", "", "False"],
        ),
    )
    assert op.inputs == (TensorSpec((2, 3), "float32"), TensorSpec((2, 3), "bfloat16", (1, 2)))
    assert op.outputs == (TensorSpec((2, 3), "float32"),)


def test_lists_of_tensors_take_a_dtype_from_elsewhere() -> None:
    recorded = RecordedArguments(
        shapes=[[[1, 1, 8], [1, 5, 8]], []],
        types=["TensorList", "Scalar"],
        strides=[[[8, 8, 1], [40, 8, 1]], []],
        values=["", "1"],
    )
    op = operator_from("aten::cat", recorded, list_dtype="bfloat16")
    assert op.outputs == (TensorSpec((1, 6, 8), "bfloat16"),)
    assert operator_from("aten::cat", recorded).inputs[0].dtype == "float32"


def test_a_tensor_beyond_the_signature_is_the_result() -> None:
    """Compiled code calls ``out=`` forms: ``extern_kernels.mm(a, b, out=c)``."""
    op = operator_from(
        "aten::mm",
        RecordedArguments(
            shapes=[[4, 8], [8, 2], [4, 2]], types=["c10::BFloat16"] * 3, strides=[[8, 1], [1, 8], [2, 1]]
        ),
    )
    assert len(op.inputs) == 2
    assert op.outputs == (TensorSpec((4, 2), "bfloat16"),)


def test_numbers_that_are_recorded_as_tensors_are_left_out() -> None:
    op = operator_from("aten::mul", RecordedArguments(shapes=[[4, 8], []], types=["c10::BFloat16", "double"]))
    assert op.inputs == (TensorSpec((4, 8), "bfloat16"),)
    alone = operator_from("aten::sqrt", RecordedArguments(shapes=[[]], types=["double"]))
    assert alone.inputs == (TensorSpec((), "float64"),)


@pytest.mark.parametrize(
    ("kernel", "values", "expected"),
    [
        ("triton_poi_fused_gelu_3", ["", "", "4096"], ("triton::pointwise", (("xnumel", 4096),))),
        ("triton_red_fused_mean_1", ["", "", "64", "512"], ("triton::reduction", (("rnumel", 512), ("xnumel", 64)))),
        (
            "triton_per_fused__softmax_0",
            ["", "", "64", "128"],
            ("triton::persistent_reduction", (("rnumel", 128), ("xnumel", 64))),
        ),
    ],
)
def test_generated_kernels_keep_the_extents_of_their_loops(
    kernel: str, values: list[str], expected: tuple[str, object]
) -> None:
    shapes = [[64, 128], [64, 128], *([] for _ in values[2:])]
    types = ["c10::Half", "c10::Half", *("Scalar" for _ in values[2:])]
    op = operator_from(kernel, RecordedArguments(shapes=shapes, types=types, values=values))
    assert (op.name, op.attributes) == expected
    assert (len(op.inputs), len(op.outputs)) == (1, 1)


def test_a_dtype_argument_becomes_a_name() -> None:
    shapes, types = [[4], [], []], ["c10::Half", "Scalar", "Scalar"]
    op = operator_from("aten::_to_copy", RecordedArguments(shapes=shapes, types=types, values=["", "6", ""]))
    assert op.attribute("dtype") == "float32"
    assert op.outputs == (TensorSpec((4,), "float32"),)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("c10::BFloat16", "bfloat16"),
        ("c10::Half", "float16"),
        ("long int", "int64"),
        ("c10::complex<float>", "complex64"),
        ("c10::Float8_e4m3fn", "float8_e4m3fn"),
        ("unsigned char", "uint8"),
        ("Scalar", None),
        ("", None),
    ],
)
def test_type_names(name: str, dtype: str | None) -> None:
    assert dtype_of_type(name) == dtype


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=8,
)
_OPERATORS = (
    "aten::convolution aten::cat aten::_softmax aten::mean aten::mm aten::to aten::embedding aten::constant_pad_nd "
    "aten::upsample_nearest2d aten::native_group_norm aten::where aten::topk triton_red_fused_x_0 other::thing"
)
_NAMES = st.sampled_from(_OPERATORS.split())


@settings(max_examples=300, deadline=None)
@given(_NAMES, *(st.lists(_JSON, max_size=5) for _ in range(4)))
def test_any_record_becomes_an_operator(
    name: str, shapes: list[object], types: list[object], strides: list[object], values: list[object]
) -> None:
    assert isinstance(
        operator_from(name, RecordedArguments(shapes=shapes, types=types, strides=strides, values=values)), Op
    )


def test_a_result_that_the_caller_provides_is_no_input() -> None:
    half, scalar = "c10::BFloat16", "Scalar"
    op = operator_from(
        "_C::rms_norm",
        RecordedArguments(
            shapes=[[5, 8], [5, 8], [8], []], types=[half, half, half, scalar], values=["", "", "", "1e-05"]
        ),
    )
    assert [t.shape for t in op.inputs] == [(5, 8), (8,)]
    assert [t.shape for t in op.outputs] == [(5, 8)]
    assert op.attribute("epsilon") == 1e-5


def _message(name: str, given: int, got: int, **others: Any) -> dict[str, Any]:
    said = {"collective name": name, "in msg nelems": given, "out msg nelems": got}
    return {**said, "dtype": "BFloat16", "group size": 8, **others}


@pytest.mark.parametrize(
    ("name", "given", "got", "operator"),
    [
        ("allreduce", 1000, 1000, "message::all_reduce"),
        ("_allgather_base", 100, 800, "message::all_gather"),
        ("_reduce_scatter_base", 800, 100, "message::reduce_scatter"),
        ("all_to_allv", 800, 800, "message::all_to_all"),
        ("send", 800, 0, "message::point_to_point"),
    ],
)
def test_operator_and_whole_message(name: str, given: int, got: int, operator: str) -> None:
    found = message_of(_message(name, given, got))
    assert found is not None
    op = operator_from(*found)
    assert op.name == operator
    assert op.inputs == (TensorSpec((max(given, got),), "bfloat16"),)
    assert op.attribute("group_size") == 8


def test_kernels_have_the_message_and_the_ranks() -> None:
    found = message_of(_message("allreduce", 1000, 1000))
    assert found is not None
    (kernel,) = kernels_of(operator_from(*found), Execution())
    assert isinstance(kernel, Collective)
    assert (kernel.message_bytes, kernel.num_ranks) == (2000, 8)


@pytest.mark.parametrize(
    "fields",
    [{}, _message("wait", 5, 5), _message("allreduce", 0, 0), _message("allreduce", 5, 5, dtype="Blob")],
    ids=["nothing", "no message", "empty", "no type"],
)
def test_what_describes_no_message(fields: dict[str, Any]) -> None:
    assert message_of(fields) is None


def test_ranks_may_not_be_known() -> None:
    found = message_of({**_message("broadcast", 5, 5), "group size": None})
    assert found is not None
    assert operator_from(*found).attribute("group_size") is None
