"""Begins and ends."""

from __future__ import annotations

import pytest

from tracer.events import pairs
from tracer.events.pairs import BeginEndPairs


def test_ends_meet_the_last_begin_of_their_track() -> None:
    found = BeginEndPairs()
    found.begin("1/1", {"name": "outer", "ts": 1, "args": {"a": 1}})
    found.begin("1/1", {"name": "inner", "ts": 2, "cat": "cpu_op"})
    found.begin("1/2", {"name": "other", "ts": 3})
    assert found.end("1/1", {"ts": 5}) == ({"name": "inner", "ts": 2, "cat": "cpu_op", "ph": "X", "args": {}}, 5)
    assert found.end("1/1", {"ts": 9, "args": {"b": 2}}) == (
        {"name": "outer", "ts": 1, "ph": "X", "args": {"a": 1, "b": 2}},
        9,
    )
    assert found.end("1/1", {"ts": 10}) is None
    assert found.unmatched == 1
    assert [event["name"] for event in found.waiting] == ["other"]


def test_begins_that_never_end_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "_MOST_OPEN", 2)
    found = BeginEndPairs()
    for number in range(5):
        found.begin("t", {"ts": number})
    assert (len(found.waiting), found.unmatched) == (2, 3)
