"""Collectives: every name has a kind in which all ranks take part, and works on a tensor like its first."""

from __future__ import annotations

import pytest

from tracer.graph import Op, TensorSpec
from tracer.operators import COLLECTIVES, Kind, infer_outputs, kind_of
from tracer.operators.collectives import OPERATORS


def test_kinds() -> None:
    assert {declared.kind for declared in OPERATORS} == COLLECTIVES


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("c10d::allreduce_", Kind.ALL_REDUCE),
        ("_c10d_functional::all_gather_into_tensor", Kind.ALL_GATHER),
        ("c10d::_reduce_scatter_base_", Kind.REDUCE_SCATTER),
        ("c10d::alltoall_base_", Kind.ALL_TO_ALL),
        ("nccl:all_reduce", Kind.ALL_REDUCE),
    ],
)
def test_names(name: str, kind: Kind) -> None:
    data = TensorSpec((8, 4), "bfloat16")
    assert kind_of(name) is kind
    assert infer_outputs(Op(name, (data,), ())) == (data,)
