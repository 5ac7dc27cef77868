"""Messages that the profiler describes by their size."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.execution import Execution
from simulator.kernels import Collective
from simulator.lowering import kernels_of
from tracer.events.messages import message_of
from tracer.events.operator_arguments import operator_from
from tracer.graph import TensorSpec


def _fields(name: str, given: int, got: int, **others: Any) -> dict[str, Any]:
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
    found = message_of(_fields(name, given, got))
    assert found is not None
    op = operator_from(*found)
    assert op.name == operator
    assert op.inputs == (TensorSpec((max(given, got),), "bfloat16"),)
    assert op.attribute("group_size") == 8


def test_kernels_have_the_message_and_the_ranks() -> None:
    found = message_of(_fields("allreduce", 1000, 1000))
    assert found is not None
    (kernel,) = kernels_of(operator_from(*found), Execution())
    assert isinstance(kernel, Collective)
    assert (kernel.message_bytes, kernel.num_ranks) == (2000, 8)


@pytest.mark.parametrize(
    "fields",
    [{}, _fields("wait", 5, 5), _fields("allreduce", 0, 0), _fields("allreduce", 5, 5, dtype="Blob")],
    ids=["nothing", "no message", "empty", "no type"],
)
def test_what_describes_no_message(fields: dict[str, Any]) -> None:
    assert message_of(fields) is None


def test_ranks_may_not_be_known() -> None:
    found = message_of({**_fields("broadcast", 5, 5), "group size": None})
    assert found is not None
    assert operator_from(*found).attribute("group_size") is None
