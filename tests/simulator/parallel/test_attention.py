"""Exchanges around attention, by hand arithmetic."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.parallel.partition import partition
from simulator.parallel.scheme import Scheme, SchemeError
from tracer.graph import TensorSpec
from tracer.operators import ATTENTIONS, kind_of

# Query, key, value or output of one device: batch 2, 8 / 4 tokens, 16 channels of 2 bytes.
_OWN = 2 * 2 * 16 * 2


def _attentions(graph):
    found = [graph.operators[i] for i in graph.stages[0].operators.tolist()]
    return [[t.shape for t in op.inputs] for op in found if kind_of(op.name) in ATTENTIONS]


def test_ulysses_exchanges_query_key_value_and_output(tokens, messages):
    own = partition(tokens, Scheme(ulysses=4))
    assert messages(own) == {("ALL_TO_ALL", 4, _OWN): 4, ("ALL_GATHER", 4, _OWN): 1}
    assert _attentions(own) == [[(2, 1, 8, 4)] * 3]


def test_a_ring_sends_keys_and_values_round(tokens, messages):
    own = partition(tokens, Scheme(ring=4))
    # Three times a key and a value of 64 elements; of a message of 86 an all-to-all of four sends three quarters.
    assert messages(own) == {("ALL_TO_ALL", 4, 86 * 2): 6, ("ALL_GATHER", 4, _OWN): 1}
    assert _attentions(own) == [[(2, 4, 2, 4)] * 3] * 4


def test_both_at_once(tokens, messages):
    own = partition(tokens, Scheme(ulysses=2, ring=2))
    assert messages(own)["ALL_TO_ALL", 2, _OWN] == 4
    assert _attentions(own) == [[(2, 2, 4, 4)] * 3] * 2


def test_heads_must_divide(tokens):
    with pytest.raises(SchemeError, match=r"ulysses=8 does not divide the 4 heads of hand-made; valid: 1, 2, 4;"):
        partition(tokens, Scheme(ulysses=8))


@pytest.mark.parametrize("scheme", [Scheme(ulysses=2), Scheme(ring=2), Scheme(ulysses=2, ring=2)])
def test_every_call_reads_as_many_storages_as_it_has_operands(make_graph, tokens, scheme):
    calls = list(tokens.ops(tokens.stages[0]))
    mask = TensorSpec((1, 1, 1, 8), "float16", (), len(tokens.storage_bytes))
    masked = [replace(op, inputs=(*op.inputs, mask)) if kind_of(op.name) in ATTENTIONS else op for op in calls]
    own = partition(make_graph(masked), scheme)
    (stage,) = own.stages
    found = [own.operators[i] for i in stage.operators.tolist()]
    assert sum(len(op.inputs) for op in found) == len(stage.inputs)
    assert sum(len(op.outputs) for op in found) == len(stage.outputs)
