"""Arrows from launches to device events."""

from __future__ import annotations

from array import array

from tracer.events.joining.arrows import Arrows


def _launches(arrows: Arrows) -> dict[int, tuple[int, int]]:
    return arrows.launches(array("q", [7, 7]), array("q", [500, 600]), array("q", [-1, -1]))


def test_arrows_lead_to_where_they_begin() -> None:
    arrows = Arrows()
    arrows.add("ac2g 4", 1, 100, end=False)
    arrows.device_event(numbered=False)
    arrows.add("ac2g 4", 7, 600, end=True)
    arrows.add("ac2g 5", 7, 500, end=True)
    assert _launches(arrows) == {1: (1, 100)}


def test_arrows_of_numbered_events_are_not_kept() -> None:
    arrows = Arrows()
    arrows.add("ac2g 4", 1, 100, end=False)
    arrows.device_event(numbered=True)
    arrows.device_event(numbered=False)
    arrows.add("ac2g 4", 7, 600, end=True)
    assert _launches(arrows) == {}
