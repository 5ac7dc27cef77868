"""Collectives by hand: what one rank reads, adds and writes."""

from __future__ import annotations

import pytest

from simulator.work import work_of
from tracer.operators import COLLECTIVES, Kind, iter_operators, kind_of

_NAMES = [name for declared in iter_operators() if declared.kind in COLLECTIVES for name in declared.names]


@pytest.mark.parametrize("name", _NAMES)
def test_every_spelling_has_a_formula(name, call):
    work = work_of(call(name, [(8,)], [(16,)]))
    adds = 8 if kind_of(name) in (Kind.ALL_REDUCE, Kind.REDUCE_SCATTER) else 0
    assert (work.bytes_read, work.bytes_written, work.vector_flops) == (16, 32, adds)
    assert (work.contraction_flops, work.special_ops) == (0, 0)


def test_a_result_in_place_is_as_large_as_what_was_given(call):
    assert work_of(call("c10d::allreduce_", [(8,)], [])).bytes_written == 16
