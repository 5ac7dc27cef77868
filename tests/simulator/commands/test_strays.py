"""What words without an option mean."""

from __future__ import annotations

import pytest

from simulator.commands.strays import option_of


@pytest.mark.parametrize(
    ("word", "option"),
    [
        ("a100", "--hw"),
        ("sdxl", "--model"),
        ("mine.yaml", "--hw"),
        ("step.npz", "--graph"),
        ("run.json.gz", "--trace"),
    ],
)
def test_words(word: str, option: str) -> None:
    assert option_of(word) == f"{option} {word}"


def test_a_word_that_names_nothing() -> None:
    assert option_of("fast") is None
