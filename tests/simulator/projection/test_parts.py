"""Parts of a projection."""

from __future__ import annotations

from simulator.projection.parts import KEPT, PREDICTED, UNKNOWN, ProjectedPart, parts_of, unscaled_by_reason
from simulator.projection.rooflines import RatioRange
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
    first, kept, unknown = parts_of(predicted, rows, 10.0)
    assert first is predicted
    assert (kept.name, kept.measured, kept.low, kept.high) == (KEPT, 1.0, 1.0, 1.0)
    assert (unknown.name, unknown.measured, unknown.share, unknown.low, unknown.high) == (UNKNOWN, 6.0, 0.6, 3.0, 6.0)
