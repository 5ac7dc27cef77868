"""Parts of a projection."""

from __future__ import annotations

import math

import pytest

from simulator.projection.parts import (
    KEPT,
    PREDICTED,
    SIZED,
    UNKNOWN,
    ProjectedPart,
    SizedTime,
    parts_of,
    sized_part,
    unscaled_by_reason,
)
from simulator.projection.rooflines import SPREAD, RatioRange
from tracer.events.attribution import ON_LINK, ApartKernels


def test_reasons_add_up_their_kernels_and_parts_their_reasons() -> None:
    apart = [
        ApartKernels(reason="stray", name="a", events=2, time=2.0),
        ApartKernels(reason="stray", name="b", events=1, time=4.0),
        ApartKernels(reason=ON_LINK, name="Memcpy HtoD", events=1, time=1.0),
    ]
    rows = unscaled_by_reason(apart, 10.0, lambda name, mean: RatioRange(low=1 / mean, high=1.0))
    stray, link = rows
    assert (stray.reason, stray.kernel, stray.events, stray.time, stray.share) == ("stray", "b", 3, 6.0, 0.6)
    assert (stray.low, stray.high) == (2.0 + 1.0, 6.0)
    assert (stray.projected, link.projected) == (2.0 + 2.0, 1.0)
    predicted = ProjectedPart(name=PREDICTED, measured=3.0, share=0.3, projected=2.0, low=1.0, high=4.0)
    first, second, kept, unknown = parts_of(predicted, sized_part([], 10.0), rows, 10.0)
    assert first is predicted
    assert (second.name, second.measured, second.projected) == (SIZED, 0.0, 0.0)
    assert (kept.name, kept.measured, kept.low, kept.high) == (KEPT, 1.0, 1.0, 1.0)
    assert (unknown.name, unknown.measured, unknown.share, unknown.low, unknown.high) == (UNKNOWN, 6.0, 0.6, 3.0, 6.0)


def test_a_size_from_the_time_reaches_half_way_to_the_rooflines() -> None:
    wide = SizedTime(time=4.0, projected=2.0, range=RatioRange(low=0.125, high=2.0))
    near = SizedTime(time=4.0, projected=2.0, range=RatioRange(low=0.5, high=0.5))
    part = sized_part([wide], 8.0)
    assert (part.measured, part.share, part.projected) == (4.0, 0.5, 2.0)
    assert (part.low, part.high) == pytest.approx((math.sqrt(2.0 * 0.5), math.sqrt(2.0 * 8.0)))
    # Never nearer than the scatter of the model.
    assert (sized_part([near], 8.0).low, sized_part([near], 8.0).high) == pytest.approx((2.0 / SPREAD, 2.0 * SPREAD))
