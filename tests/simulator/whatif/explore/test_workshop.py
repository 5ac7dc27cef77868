"""What is kept from one question to the next, and what is said while a graph is made."""

from __future__ import annotations

import threading

import pytest

from hw_specs import SpecError
from simulator.whatif.explore import workshop as module
from simulator.whatif.explore.workshop import NotReadyError, Workshop
from tracer.graph import GraphError


def test_a_dragged_number_lowers_nothing_again(workshop, design):
    one = workshop.lowered(design(("set", "memory.dram.bandwidth=1.1x")))
    assert workshop.lowered(design(("set", "memory.dram.bandwidth=1.2x"))) is one
    assert workshop.lowered(design(("set", "cores.count=140"))) is not one
    assert workshop.lowered(design()) is workshop.lowered(design(("set", "memory.dram.bandwidth=1x")))


def test_a_change_to_what_is_there_is_none(workshop, design):
    assert workshop.chosen(design(("set", "cores.count=132"))) == {}
    assert workshop.chosen(design(("set", "cores.count=140"))) == {"cores.count": 140}


def test_a_change_that_is_none_is_refused(workshop, design):
    with pytest.raises(SpecError, match="unknown path"):
        workshop.figures(design(("set", "memory.dram.bandwith=2x")))


def test_who_waits_for_a_graph_is_told_what_is_traced(monkeypatch, offer, design):
    """A graph that takes long: questions meanwhile are answered at once, and the graph is there when it is made."""
    go, own = threading.Event(), Workshop(offer, patience=0.5)

    def slow(name, settings, progress):
        progress("transformer")
        assert go.wait(60)
        return module_graph(name, settings)

    module_graph = module.graph_of
    monkeypatch.setattr(module, "graph_of", slow)
    with pytest.raises(NotReadyError, match=r"tracing transformer, \d+ s"):
        own.figures(design())
    go.set()
    monkeypatch.setattr(module, "_IMPATIENCE", 60)
    assert own.figures(design()).latency > 0


def test_a_graph_that_cannot_be_made_says_so_each_time(monkeypatch, offer, design):
    own = Workshop(offer, patience=60.0)

    def refused(name, settings, progress):
        raise GraphError("no room")

    monkeypatch.setattr(module, "graph_of", refused)
    for _ in range(2):
        with pytest.raises(GraphError, match="no room"):
            own.figures(design())


def test_graphs_that_nobody_has_begun_with_are_dropped(monkeypatch, offer, design):
    go, first, begun = threading.Event(), threading.Event(), []
    own = Workshop(offer, patience=0.1)

    def slow(name, settings, progress):
        begun.append(settings["batch"])
        first.set()
        assert go.wait(60)
        raise GraphError("enough")

    monkeypatch.setattr(module, "graph_of", slow)
    for batch in "234":
        with pytest.raises(NotReadyError):
            own.figures(design(("batch", batch)))
        assert first.wait(60)
    go.set()
    monkeypatch.setattr(module, "_IMPATIENCE", 60)
    with pytest.raises(GraphError, match="enough"):
        own.figures(design(("batch", "4")))
    assert begun == [2, 4]
