"""What a graph gave to a trace."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.projection.lent.taken import ShapesTaken, apart_of, runs_of


@pytest.mark.parametrize(
    ("own", "graph", "runs"),
    [("aabbcc", "abc", 2), ("aabbccc", "abc", 2), ("aaaaabb", "aabbb", 2), ("xyz", "abc", 1), ("", "abc", 1)],
)
def test_runs_are_what_most_operators_say(own: str, graph: str, runs: int) -> None:
    assert runs_of(own, graph) == runs


def test_what_is_lined_up_whole_is_not_apart() -> None:
    assert apart_of("aabc", "aab", np.array([0, -1, 2, -1])) == {"a": (2, 2, 1)}


def test_what_the_graph_lacks_is_said_from_the_largest() -> None:
    taken = ShapesTaken(runs=1, calls=2, share=0.5, apart={}, strange=dict.fromkeys("abcdefg", 0.1), elements=1.0)
    assert taken.lines()[-1] == (
        "not in the graph: a (10.0%), b (10.0%), c (10.0%), d (10.0%), e (10.0%), and 2 more of the device time"
    )
