"""Sources by name."""

from __future__ import annotations

import pytest

from validation.measured.sources import list_sources, source_of


@pytest.mark.parametrize("name", sorted(list_sources()))
def test_every_source_says_where_it_was_published(name: str) -> None:
    source = source_of(name)
    assert source.name == name
    assert len(source.citation) > len(name)


def test_a_row_may_say_more_after_the_name() -> None:
    assert source_of("aiconfigurator VLLM") is source_of("aiconfigurator")
    assert source_of("aiconfiguratorx").name == "aiconfiguratorx"


def test_who_times_calls_from_python() -> None:
    assert source_of("neusight").timed_from_host
    assert not source_of("aiconfigurator").timed_from_host


def test_an_unknown_source_times_plain_calls() -> None:
    assert source_of("somebody").citation == "somebody"
