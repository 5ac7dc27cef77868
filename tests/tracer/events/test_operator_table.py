"""Distinct operators of a trace."""

from __future__ import annotations

import numpy as np
import pytest

from tracer.events.operator_arguments import RecordedArguments
from tracer.events.operator_table import Names, OperatorTable
from tracer.trace import TraceFormatError


def _add(dtype: str) -> RecordedArguments:
    return RecordedArguments(shapes=[[4], [4]], types=[dtype, dtype], values=["", ""])


def test_equal_records_are_one_operator() -> None:
    table = OperatorTable()
    calls = [table.number("aten::add", _add(dtype)) for dtype in ("float", "c10::Half", "float")]
    operators, numbers = table.resolve(np.array(calls))
    assert numbers.tolist() == [0, 1, 0]
    assert [op.inputs[0].dtype for op in operators] == ["float32", "float16"]


@pytest.mark.parametrize(
    ("shapes", "types"),
    [([[2**40, 2**40]], ["float"]), ([[[4], [2**60]]], ["TensorList"])],
)
def test_tensors_that_no_memory_holds_have_no_number(shapes, types) -> None:
    assert OperatorTable().number("aten::add", RecordedArguments(shapes=shapes, types=types)) == -1


def test_an_extent_of_more_than_64_bits_is_refused() -> None:
    with pytest.raises(OverflowError):
        OperatorTable().number("aten::add", RecordedArguments(shapes=[[3, 10**30]], types=["float"]))


@pytest.mark.parametrize("name", ["gemm\ud800", "\udfffgemm"])
def test_half_of_a_character_is_no_name(name) -> None:
    with pytest.raises(TraceFormatError, match="half of a surrogate pair"):
        Names().number(name)
    with pytest.raises(TraceFormatError, match="half of a surrogate pair"):
        OperatorTable().number(name, _add("float"))
    assert Names().number("gemm \U0001f600 \ud7ff") == 0


def test_lists_take_the_usual_dtype_of_the_calls() -> None:
    table = OperatorTable()
    cat = RecordedArguments(shapes=[[[4], [4]], []], types=["TensorList", "Scalar"], values=["", "0"])
    calls = [table.number("aten::cat", cat)]
    calls += [table.number("aten::add", _add("float"))]
    calls += [table.number("aten::add", _add("c10::BFloat16"))] * 3
    operators, numbers = table.resolve(np.array(calls))
    assert operators[numbers[0]].inputs[0].dtype == "bfloat16"


def test_records_differing_in_unused_values_are_one_operator_also_when_the_memo_is_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(OperatorTable, "_MEMO", 2)
    table = OperatorTable()
    records = [RecordedArguments(shapes=[[4], []], types=["float", "Scalar"], values=["", str(i)]) for i in range(10)]
    numbers = [table.number("aten::as_strided", record) for record in records * 2]
    operators, _ = table.resolve(np.array(numbers))
    assert len(operators) == 1


def test_collectives_take_the_devices_of_the_run() -> None:
    table = OperatorTable()
    calls = np.array([table.number("c10d::allreduce_", _add("float")), table.number("aten::add", _add("float"))])
    (reduce, add), _ = table.resolve(calls, num_devices=8)
    assert reduce.attribute("num_gpus") == 8
    assert add.attributes == ()
    (alone, _), _ = table.resolve(calls)
    assert alone.attributes == ()


def test_names_are_numbered_in_order() -> None:
    names = Names()
    assert [names.number(n) for n in ("b", "a", "b")] == [0, 1, 0]
    assert names.all() == ("b", "a")
