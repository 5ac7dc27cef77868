from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from validation.published.case import Case
from validation.published.names import load_names
from validation.ratios.pairs import pairs_of
from validation.ratios.run import runs_of

Make = Callable[..., Case]


def changes(*cases: Case) -> Counter[str]:
    return Counter(pair.change for pair in pairs_of(runs_of(cases, load_names())[0]))


@pytest.mark.parametrize(
    ("other", "change"),
    [
        ({"device": "T4"}, "accelerator"),
        ({"execution": {"mode": "eager", "attention": "naive"}}, "attention"),
        ({"execution": {"mode": "compiled", "attention": "flash"}}, "execution"),
        ({"settings": {"dtype": "float16", "batch": 2}}, "batch"),
        ({"settings": {"dtype": "float16", "batch": 1, "height": 768, "width": 768}}, "resolution"),
        ({"settings": {"dtype": "float32", "batch": 1}}, "number format"),
    ],
)
def test_each_kind_of_change_makes_a_pair(case: Make, other: dict[str, object], change: str) -> None:
    assert changes(case(), case("y", **other)) == {change: 1}


def test_two_changes_at_once_are_no_pair(case: Make) -> None:
    assert not changes(case(), case("y", device="T4", settings={"dtype": "float32"}))


def test_runs_of_two_sources_are_no_pair(case: Make) -> None:
    assert not changes(case(), case("y", device="T4", source="somebody else"))


def test_three_runs_make_three_pairs(case: Make) -> None:
    assert changes(case(), case("y", device="T4"), case("z", device="V100-SXM2-16GB")) == {"accelerator": 3}


def test_releases_that_a_source_states_are_the_same(case: Make) -> None:
    """A run whose release is not stated may be of any."""
    naive = {"mode": "eager", "attention": "naive"}
    old, new = case("y", software="torch-1.13"), case("z", software="torch-2.0")
    assert changes(case(execution=naive), old, new) == {"attention": 2}
    assert not changes(case("x", execution=naive, software="torch-1.12"), old, new)
