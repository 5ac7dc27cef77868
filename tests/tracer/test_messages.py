"""Collectives as calls of a graph."""

from __future__ import annotations

from simulator.work import work_of
from tracer.graph import TensorSpec
from tracer.messages import all_gather, all_reduce, all_to_all, blended, converted, exchange, packed
from tracer.operators import Kind, kind_of

_TENSOR = TensorSpec((4, 8), "float16")


def test_bytes_that_go_in_and_come_out():
    for op, kind, result in (
        (all_reduce(_TENSOR, 2), Kind.ALL_REDUCE, 64),
        (all_gather(_TENSOR, 4), Kind.ALL_GATHER, 256),
        (all_to_all(_TENSOR, 4), Kind.ALL_TO_ALL, 64),
    ):
        assert kind_of(op.name) is kind
        assert (work_of(op).bytes_read, work_of(op).bytes_written) == (64, result)


def test_an_exchange_sends_what_it_is_asked_to():
    op = exchange(96, "float16", 4, beside=True)
    # Of a message of 128 elements each of four ranks keeps a quarter.
    assert op.inputs[0].numel * 3 / 4 == 96
    assert op.attribute("beside") is True
    assert exchange(96, "float16", 4).attribute("beside") is None


def test_packing_and_blending_keep_the_shape():
    turned = packed(_TENSOR, strides=(1, 4))
    assert (turned.inputs[0].strides, turned.outputs[0]) == ((1, 4), _TENSOR)
    assert converted(_TENSOR, "float32").outputs[0].dtype == "float32"
    assert [t.shape for t in blended(_TENSOR, "float32").inputs] == [(4, 8), (4, 8), (4, 1)]
