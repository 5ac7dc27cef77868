"""The graph's own arithmetic: sizes of tensors, edges between calls, equality."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.graph import (
    Component,
    GraphError,
    Op,
    OpGraph,
    Stage,
    StorageRole,
    TensorSpec,
    Workload,
    attributes_from,
    impossible_tensor,
)


def _tensor(storage: int, *shape: int) -> TensorSpec:
    return TensorSpec(shape, "float16", (), storage)


def _graph() -> OpGraph:
    """``y = x + w``; ``v = y.view(-1)``; ``v.mul_(v)``; ``z = y @ w``: both in between share storage 2."""
    w, x, y, v = TensorSpec((4, 4), "float16"), *(TensorSpec(s, "float16") for s in ((4, 4), (4, 4), (16,)))
    operators = (
        Op("aten::add", (x, w), (y,)),
        Op("aten::view", (y,), (v,), (("size", (-1,)),)),
        Op("aten::mul_", (v, v), (v,)),
        Op("aten::mm", (y, w), (y,)),
    )
    stage = Stage(
        name="only",
        component="model",
        repeats=3,
        operators=np.array([0, 1, 2, 3]),
        modules=np.array([0, 1, 1, 0]),
        inputs=np.array([1, 0, 2, 2, 2, 2, 0]),
        outputs=np.array([2, 2, 2, 3]),
    )
    return OpGraph(
        name="example",
        workload=Workload(),
        operators=operators,
        modules=("model", "model.inner"),
        stages=(stage,),
        components=(Component("model", 16, 32),),
        storage_bytes=np.array([32, 32, 32, 32]),
        storage_roles=np.array([StorageRole.PARAMETER, StorageRole.INPUT, 3, 3]),
        sources=("somewhere",),
    )


@pytest.mark.parametrize(
    ("dtype", "itemsize"),
    [
        ("float64", 8),
        ("float32", 4),
        ("bfloat16", 2),
        ("float8_e4m3fn", 1),
        ("bool", 1),
        ("complex64", 8),
        ("int4", 0.5),
    ],
)
def test_size_of_an_element(dtype, itemsize):
    assert TensorSpec((3,), dtype).itemsize == itemsize


def test_dtypes_agree_with_torch():
    torch = pytest.importorskip("torch")
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.int64, torch.bool, torch.complex64):
        assert TensorSpec((1,), str(dtype).removeprefix("torch.")).itemsize == torch.empty((), dtype=dtype).itemsize


def test_an_unknown_dtype_says_which_are_known():
    with pytest.raises(GraphError, match=r"unknown dtype 'float12'; known: .*float16"):
        _ = TensorSpec((1,), "float12").itemsize


def test_bytes_of_a_broadcast_are_stored_once():
    assert TensorSpec((8, 16), "float32").nbytes == 8 * 16 * 4
    assert TensorSpec((8, 16), "float32", (0, 1)).nbytes == 16 * 4
    assert TensorSpec((3,), "int4").nbytes == 2  # 12 bits need two bytes
    assert TensorSpec((), "float16").nbytes == 2


@given(shape=st.lists(st.integers(1, 4), min_size=1, max_size=4), order=st.randoms(use_true_random=False))
def test_contiguity_agrees_with_torch(shape, order):
    torch = pytest.importorskip("torch")
    axes = list(range(len(shape)))
    order.shuffle(axes)
    tensor = torch.empty(shape).permute(axes)
    assert TensorSpec(tuple(tensor.shape), "float32", tuple(tensor.stride())).is_contiguous == tensor.is_contiguous()


def test_attributes_are_sorted_and_found():
    op = Op("aten::gelu", (), (), attributes_from({"beta": 2, "approximate": "tanh"}))
    assert op.attributes == (("approximate", "tanh"), ("beta", 2))
    assert op.attribute("beta") == 2
    assert op.attribute("absent", 5) == 5


def test_calls_come_back_with_storage_module_and_stage():
    graph = _graph()
    calls = list(graph.ops(graph.stage("only")))
    assert [c.name for c in calls] == ["aten::add", "aten::view", "aten::mul_", "aten::mm"]
    assert [t.storage for t in calls[0].inputs] == [1, 0]
    assert calls[3].inputs == (_tensor(2, 4, 4), _tensor(0, 4, 4))
    assert [c.module for c in calls] == ["model", "model.inner", "model.inner", "model"]
    assert {c.stage for c in calls} == {"only"}


def test_edges_go_through_views_and_calls_in_place():
    graph = _graph()
    # add -> view -> mul_ -> mm: each reads the storage that the one before has touched last.
    assert graph.edges(graph.stages[0]) == [(0, 1), (1, 2), (2, 3)]


def test_totals_are_of_all_components():
    graph = replace(_graph(), components=(Component("a", 10, 20), Component("b", 5, 20)))
    assert graph.num_parameters == 15
    assert graph.parameter_bytes == 40


def test_an_unknown_stage_lists_the_valid_ones():
    with pytest.raises(KeyError, match="no stage 'other'; valid: only"):
        _graph().stage("other")


def test_equality_sees_every_column():
    graph = _graph()
    assert graph == _graph()
    assert graph != "a graph"
    for name in ("operators", "modules", "inputs", "outputs"):
        column = getattr(graph.stages[0], name).copy()
        column[0] += 1
        assert graph != replace(graph, stages=(replace(graph.stages[0], **{name: column}),))
    assert graph != replace(graph, stages=(replace(graph.stages[0], grown=graph.stages[0].operators),))
    assert graph != replace(graph, storage_bytes=graph.storage_bytes + 1)
    assert graph != replace(graph, sources=())
    assert graph != replace(graph, stages=())


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (TensorSpec((2**63 - 1, 512), "bfloat16"), "has more than 1.13e"),
        (TensorSpec((10**400, 10**400), "bfloat16"), "has more than 1.13e"),
        (TensorSpec((2, -1), "bfloat16"), "extents are not negative"),
        (TensorSpec((2, 2), "bfloat16", (2**60, 1)), "strides"),
        (TensorSpec((1024, 1024), "bfloat16"), "^$"),
    ],
)
def test_tensors_that_cannot_be(tensor, message):
    assert re.search(message, impossible_tensor([Op("aten::relu", (tensor,), ())]))
