"""Messages between ranks on a terminal."""

from __future__ import annotations

import pytest
from rich.console import Console

from validation.ranks.collectives import CollectiveTime
from validation.ranks.presentation import render_collectives


def _row(ranks: int, moving: float | None) -> CollectiveTime:
    return CollectiveTime(
        message="all_reduce of 1,000 x float32, 2 ranks",
        calls=4,
        ranks=ranks,
        measured=100e-6,
        predicted=40e-6,
        moving=moving,
        waiting=None if moving is None else 100e-6 - moving,
        beyond=60e-6,
        at_most=80e-6,
    )


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([_row(1, None)], ("beyond", "60.0 us", "80.0 us", "cannot tell which", "--ranks FILE")),
        ([_row(2, 30e-6)], ("waiting", "30.0 us", "70.0 us", "of 2 ranks", "the others wait")),
        ([_row(2, 30e-6), _row(3, None)], ("?: not the same number",)),
    ],
)
def test_what_is_known_of_so_many_ranks(rows: list[CollectiveTime], words: tuple[str, ...]) -> None:
    console = Console(width=80)
    with console.capture() as capture:
        render_collectives(rows, console)
    text = " ".join(capture.get().split())
    assert all(word in text for word in words)
    assert max(map(len, capture.get().splitlines())) <= 80
