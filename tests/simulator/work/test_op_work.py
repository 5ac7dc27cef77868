"""The registry of formulas, and what holds for every formula."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.work import (
    FormulaError,
    OpWork,
    UnsupportedOpError,
    compulsory_bytes,
    work_formula,
    work_of,
)
from simulator.work import op_work as module
from simulator.work.pointwise import pointwise
from tracer.graph import GraphError, Op, TensorSpec
from tracer.operators import FREE, Kind


def test_totals():
    work = OpWork(contraction_flops=10, vector_flops=3, special_ops=2, bytes_read=5, bytes_written=4)
    assert (work.flops, work.bytes) == (13, 9)


def test_a_second_formula_is_refused():
    with pytest.raises(FormulaError, match=r"^PRODUCT has two formulas$"):
        work_formula(Kind.PRODUCT)(pointwise)


def test_what_launches_nothing_has_no_formula(call):
    with pytest.raises(FormulaError, match=r"^VIEW is free$"):
        work_formula(Kind.VIEW)(pointwise)
    with pytest.raises(UnsupportedOpError, match=r"^aten::view launches nothing \(view\): it has no work$"):
        work_of(call("view", [(4,)], [(2, 2)]))


def test_a_kind_without_a_formula_is_named(monkeypatch):
    assert frozenset(Kind) - FREE == set(module._FORMULAS)
    fewer = {kind: formula for kind, formula in module._FORMULAS.items() if kind is not Kind.SOFTMAX}
    monkeypatch.setattr(module, "_FORMULAS", fewer)
    with pytest.raises(FormulaError, match=r"^no formula for SOFTMAX; add one in simulator/work$"):
        module.require_formulas()


def test_an_unknown_operator_says_where_its_formula_belongs(call):
    op = call("frobnicate", [(2,)], [(2,)])
    with pytest.raises(UnsupportedOpError) as caught:
        work_of(op)
    assert str(caught.value) == (
        "aten::frobnicate is not declared; add it to the file of its family in tracer/operators"
    )


def test_a_call_in_place_has_the_formula_of_its_operator(call):
    inputs, outputs = [(4, 4), (4, 4)], [(4, 4)]
    assert work_of(call("add_", inputs, outputs)) == work_of(call("add", inputs, outputs))


@pytest.mark.parametrize("name", ["mm", "addmm", "linear", "convolution", "scaled_dot_product_attention", "_softmax"])
def test_missing_tensors_are_one_line(name, call):
    with pytest.raises(FormulaError, match=rf"aten::{name} with inputs none: not the tensors"):
        work_of(call(name, [], []))


def test_an_unknown_dtype_keeps_its_own_message(call):
    with pytest.raises(GraphError, match="unknown dtype"):
        work_of(call("mm", [(2, 2), (2, 2)], [(2, 2)], dtype="float12"))


def test_compulsory_bytes(call):
    op = call("cat", [(2, 3), TensorSpec((8, 4), "float32", (0, 1))], [(5,)])
    assert compulsory_bytes(op) == (2 * 3 * 2 + 4 * 4, 10)


# Name, shapes of inputs and outputs as functions of the batch, attributes.
_BATCHED = {
    "bmm": (lambda b: [(b, 4, 8), (b, 8, 6)], lambda b: [(b, 4, 6)], ()),
    "addmm": (lambda b: [(6,), (b, 8), (8, 6)], lambda b: [(b, 6)], ()),
    "linear": (lambda b: [(b, 4, 8), (6, 8), (6,)], lambda b: [(b, 4, 6)], ()),
    "convolution": (lambda b: [(b, 4, 9, 9), (6, 4, 3, 3), (6,)], lambda b: [(b, 6, 9, 9)], (("groups", 1),)),
    "scaled_dot_product_attention": (lambda b: [(b, 2, 5, 4)] * 3, lambda b: [(b, 2, 5, 4)], ()),
    "native_layer_norm": (lambda b: [(b, 8), (8,), (8,)], lambda b: [(b, 8)], ()),
    "native_group_norm": (lambda b: [(b, 8, 3, 3), (8,), (8,)], lambda b: [(b, 8, 3, 3)], ()),
    "_fused_rms_norm": (lambda b: [(b, 8), (8,)], lambda b: [(b, 8)], ()),
    "_softmax": (lambda b: [(b, 8)], lambda b: [(b, 8)], ()),
    "gelu": (lambda b: [(b, 8)], lambda b: [(b, 8)], ()),
    "add": (lambda b: [(b, 8), (8,)], lambda b: [(b, 8)], ()),
    "sum": (lambda b: [(b, 8)], lambda b: [(b,)], ()),
    "topk": (lambda b: [(b, 8)], lambda b: [(b, 3), (b, 3)], ()),
    "clone": (lambda b: [(b, 8)], lambda b: [(b, 8)], ()),
    "embedding": (lambda b: [(100, 8), (b, 3)], lambda b: [(b, 3, 8)], ()),
    "upsample_nearest2d": (lambda b: [(b, 3, 4, 4)], lambda b: [(b, 3, 8, 8)], ()),
    "zeros": (lambda b: [], lambda b: [(b, 8)], ()),
}


def _op(name: str, batch: int, dtype: str) -> Op:
    inputs, outputs, attributes = _BATCHED[name]
    shapes = (tuple(TensorSpec(s, dtype) for s in f(batch)) for f in (inputs, outputs))
    return Op(f"aten::{name}", *shapes, attributes)


@pytest.mark.parametrize("name", _BATCHED)
@given(batch=st.integers(1, 64), dtype=st.sampled_from(["float16", "float32", "bfloat16"]))
def test_twice_the_batch_is_twice_the_work(name, batch, dtype):
    once, twice = work_of(_op(name, batch, dtype)), work_of(_op(name, 2 * batch, dtype))
    assert twice.contraction_flops == 2 * once.contraction_flops
    assert twice.vector_flops == 2 * once.vector_flops
    assert twice.special_ops == 2 * once.special_ops
    assert once.bytes < twice.bytes <= 2 * once.bytes  # weights are read once


@pytest.mark.parametrize("name", _BATCHED)
def test_bytes_are_never_below_the_output_and_nothing_is_negative(name):
    for batch, dtype in itertools.product((1, 7), ("float16", "float32")):
        op = _op(name, batch, dtype)
        work = work_of(op)
        assert work.bytes_written >= op.outputs[0].nbytes
        assert min(work.contraction_flops, work.vector_flops, work.special_ops, work.bytes_read) >= 0


@pytest.mark.parametrize("name", _BATCHED)
def test_an_element_of_twice_the_size_is_twice_the_bytes(name):
    half, full = _op(name, 3, "float16"), _op(name, 3, "float32")
    assert work_of(full).bytes == 2 * work_of(half).bytes
    assert replace(work_of(full), bytes_read=0, bytes_written=0) == replace(
        work_of(half), bytes_read=0, bytes_written=0
    )
