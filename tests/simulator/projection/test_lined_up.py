"""Sequences lined up, letters for operators."""

from __future__ import annotations

import pytest

from simulator.projection.lined_up import line_up


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
        ("abcabca", "abcabcabc", "0123456"),
        ("", "abc", ""),
        ("abc", "", "---"),
        ("abc", "def", "---"),
    ],
)
def test_letters(run: str, graph: str, expected: str) -> None:
    assert line_up(run, graph).tolist() == [-1 if digit == "-" else int(digit) for digit in expected]


def test_what_is_lined_up_is_alike_and_taken_once() -> None:
    run, graph = "embedqkvaomlpqkvaomlpoutx" * 3, "embedqkvaomllpqkvaomllphead" * 3
    pairs = [(a, b) for a, b in enumerate(line_up(run, graph).tolist()) if b >= 0]
    assert len({b for _, b in pairs}) == len(pairs) > len(run) / 2
    assert all(run[a] == graph[b] for a, b in pairs)
