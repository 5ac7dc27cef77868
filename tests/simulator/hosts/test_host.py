"""Hosts as files hold them, by hand."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from simulator.hosts.host import COSTS, ON_THE_HOST, HostCosts, HostFile

_FILE = {
    "name": "mine",
    "kind": "desktop",
    "year": 2024,
    "processor": "fast",
    "like": "other",
    "slowdown": 0.5,
    "costs": {"eager": {"launch": "2 us"}},
    "sources": {"slowdown": "measured", "eager": "measured"},
}
_OTHER = {"eager": HostCosts(view=4e-6, launch=10e-6, delay=3e-6, gap=1e-6), "compiled": HostCosts(operator=8e-6)}


def test_a_slowdown_is_of_what_the_processor_does():
    host = HostFile.model_validate(_FILE).on(_OTHER)
    eager = host.costs["eager"]
    assert (eager.view, eager.delay, eager.gap) == pytest.approx((2e-6, 3e-6, 1e-6))
    assert eager.launch == pytest.approx(2e-6)  # stated
    assert host.costs["compiled"].operator == pytest.approx(4e-6)


def test_costs_that_nobody_states_are_none():
    """A host that is like no other has costs of every mode; what a mode does not state is nothing."""
    modes = ("eager", "compiled", "cuda-graph", "compiled-graph", "cpu")
    costs, sources = {mode: {"launch": "2 us"} for mode in modes}, dict.fromkeys(modes, "measured")
    alone = {**_FILE, "like": None, "slowdown": None, "costs": costs, "sources": sources}
    assert HostFile.model_validate(alone).on({}).costs == dict.fromkeys(modes, HostCosts(launch=2e-6))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"like": None}, "slowdown: of what"),
        (
            {"like": None, "slowdown": None, "costs": {}},
            "none of eager, compiled, cuda-graph, compiled-graph, cpu execution",
        ),
        ({"like": None, "slowdown": None}, "none of compiled, cuda-graph, compiled-graph, cpu execution"),
        ({"sources": {"slowdown": "measured"}}, "no source of eager"),
        ({"costs": {"eager": {"lunch": "2 us"}}}, "lunch"),
        ({"costs": {"lazy": {"launch": "2 us"}}}, "lazy"),
    ],
)
def test_what_a_file_must_say(changes, message):
    with pytest.raises(ValidationError, match=message):
        HostFile.model_validate({**_FILE, **changes})


def test_device_and_bus_are_not_the_processor():
    assert set(COSTS) - set(ON_THE_HOST) == {"delay", "gap"}


def test_plain_form_says_what_it_is():
    host = HostFile.model_validate(_FILE).on(_OTHER)
    assert host.to_dict() == {"name": "mine", "kind": "desktop", "year": 2024, "processor": "fast"}
