"""Sequences lined up, letters for operators."""

from __future__ import annotations

import pytest

from simulator.projection.lent.lined_up import line_up


@pytest.mark.parametrize(
    ("run", "graph", "expected"),
    [
        ("abcabc", "abcabc", "012345"),
        # Equally many of each in another order.
        ("acb", "abc", "021"),
        # One more at the end; the last of what goes on alike is open.
        ("nLaLaLgL", "nLaLaLt", "01234---"),
        ("nLaLaLgLs", "nLaLaLts", "01234---7"),
        # Three products where the graph has one.
        ("xqqqoxqqqo", "xqoxqo", "0---23---5"),
        # Fused into an operator of another name, between what both have.
        ("xabyxaby", "xfyxfy", "0--23--5"),
        # The window ends within a run.
        ("abcdab", "abcd", "012301"),
        ("", "abc", ""),
        ("abc", "", "---"),
        ("abc", "def", "---"),
    ],
)
def test_letters(run: str, graph: str, expected: str) -> None:
    assert line_up(run, graph).tolist() == [-1 if digit == "-" else int(digit) for digit in expected]


def test_a_window_begins_within_the_graph() -> None:
    """Three and a half layers of a graph of three and a head, from the middle of the second layer on."""
    graph = "qkvaomd" * 3 + "h"
    run = (graph * 3)[10:38]
    assert line_up(run, graph, 2).tolist() == [(10 + place) % 22 for place in range(28)]
    # As many of everything as two runs of the graph, but in another order.
    assert line_up((graph * 3)[10:54], graph, 2).tolist() == [(10 + place) % 22 for place in range(44)]


def test_what_is_missing_here_and_there_moves_nothing_else() -> None:
    """Of fifty layers and a head, begun in the third layer, every ninetieth element is missing, and some are strange.

    Layers are alike, so that which of them one is cannot be told; where in it an element is can.
    """
    graph = "nqkvraomnguxd" * 50 + "nh"
    whole = [(30 + place) % len(graph) for place in range(900)]
    kept = [place for number, place in enumerate(whole) if number % 90 != 45]
    run = [graph[place] for place in kept]
    for strange in (100, 400, 700):
        run.insert(strange, "?")
        kept.insert(strange, -1)
    placed = line_up(run, graph, 2).tolist()
    inside = [(place, true) for place, true in zip(placed, kept, strict=True) if place >= 0 and true < 650]
    assert len(inside) > 0.98 * len(run)
    assert sum(place % 13 != true % 13 for place, true in inside) <= 3
    assert all(place < 0 or graph[place] == element for place, element in zip(placed, run, strict=True))


def test_few_kinds_that_go_on_alike_from_the_beginning_are_chance() -> None:
    assert line_up("ppppaxxxxxxxxx", "ppppayyyyyyyypa", 1)[:4].tolist() == [-1] * 4


def test_what_is_lined_up_is_alike_and_taken_once() -> None:
    run, graph = "embedqkvaomlpqkvaomlpoutx", "embedqkvaomllpqkvaomllphead"
    pairs = [(a, b) for a, b in enumerate(line_up(run, graph).tolist()) if b >= 0]
    assert len({b for _, b in pairs}) == len(pairs) > len(run) / 2
    assert all(run[a] == graph[b] for a, b in pairs)
