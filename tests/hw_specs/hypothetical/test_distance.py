"""Distances by hand."""

from __future__ import annotations

import math

import pytest

from hw_specs import apply_overrides, load_accelerator
from hw_specs.hypothetical.distance import distance


@pytest.mark.parametrize(
    ("changes", "logarithms"),
    [
        ([], []),
        (["memory.dram.bandwidth=2x"], [math.log(2)]),
        (["memory.dram.bandwidth=2x", "memory.l2.capacity=0.25x"], [math.log(2), math.log(4)]),
        (["peak.matrix=2x"], [math.log(2)]),  # one property, not seven
        (["cores.count=2x"], [math.log(2)] * 4),  # cores and the rates of three kinds of units
        (["links.pcie.bandwidth=2x", "memory.dram.capacity=2x"], []),
    ],
)
def test_distances(changes: list[str], logarithms: list[float]) -> None:
    part = load_accelerator("h100")
    changed = apply_overrides(part, changes)
    assert distance(part, changed) == pytest.approx(math.hypot(*logarithms))
    assert distance(changed, part) == distance(part, changed)
