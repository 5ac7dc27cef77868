"""Cases as rows and as tensors."""

from __future__ import annotations

import json

import pytest

from tracer.graph import TensorSpec
from validation.machine.sweeps.case import CaseNotRunnableError, KernelCase, contiguous, make_tensor, make_tensors


def test_a_case_is_a_row_of_the_table() -> None:
    case = contiguous("aten::conv2d", (1, 4, 6, 6), (8, 4, 3, 3), dtype="float16", padding=(1, 1))
    columns = case.columns()
    assert columns["op"] == "aten::conv2d"
    assert json.loads(columns["input_shapes"]) == [[1, 4, 6, 6], [8, 4, 3, 3]]
    assert json.loads(columns["attributes"]) == {"padding": [1, 1]}


def test_strides_are_an_attribute_where_one_input_is_not_contiguous() -> None:
    case = KernelCase(
        op="aten::bmm", input_shapes=((2, 3, 4), (2, 4, 3)), dtype="float32", input_strides=((), (12, 1, 4))
    )
    assert json.loads(case.columns()["attributes"]) == {"input_strides": [[], [12, 1, 4]]}


def test_bytes_are_those_of_inputs_and_of_a_result_as_large_as_the_largest() -> None:
    assert contiguous("aten::add", (8, 4), (4,), dtype="float32").nbytes == (32 + 4 + 32) * 4


def test_tensors_have_shape_dtype_and_strides() -> None:
    torch = pytest.importorskip("torch")
    case = KernelCase(
        op="aten::clone", input_shapes=((2, 4, 3), (5,)), dtype="bfloat16", input_strides=((12, 1, 4), ())
    )
    first, second = make_tensors(case, torch.device("cpu"), torch.Generator().manual_seed(0))
    assert (tuple(first.shape), first.stride(), first.dtype) == ((2, 4, 3), (12, 1, 4), torch.bfloat16)
    assert second.is_contiguous()
    assert first.float().abs().sum() > 0


@pytest.mark.parametrize("dtype", ["float32", "float16", "float8_e4m3fn", "int64", "bool"])
def test_every_kind_of_dtype_has_values(dtype: str) -> None:
    torch = pytest.importorskip("torch")
    tensor = make_tensor(TensorSpec((64,), dtype), torch.device("cpu"), torch.Generator().manual_seed(0))
    assert str(tensor.dtype) == f"torch.{dtype}"
    assert tensor.float().abs().sum() > 0


def test_meta_tensors_need_no_memory() -> None:
    torch = pytest.importorskip("torch")
    tensor = make_tensor(TensorSpec((2**20, 2**20), "float32"), torch.device("meta"), torch.Generator())
    assert tensor.is_meta


def test_an_unknown_dtype_is_refused() -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(CaseNotRunnableError, match="no dtype float5"):
        make_tensor(TensorSpec((1,), "float5"), torch.device("cpu"), torch.Generator())
