"""Intervals of projections."""

from __future__ import annotations

import math

import pytest

from simulator.uncertainty.projections import load_projection_factors, projection_interval
from simulator.uncertainty.ratios import load_ratio_factors


@pytest.mark.parametrize("alike", [False, True])
def test_ends_are_as_far_from_one_as_the_deviation_says(alike: bool) -> None:
    factor = load_projection_factors().of(alike=alike)
    interval = projection_interval(0.04, alike=alike)
    assert math.log(interval.high) == pytest.approx(factor.factor * math.hypot(0.2, factor.scatter))
    assert interval.low * interval.high == pytest.approx(1.0)
    assert (interval.level, interval.count) == (0.8, factor.count)


def test_a_variant_is_less_sure_than_its_part() -> None:
    variants = load_ratio_factors().variants
    assert variants is not None
    half_widths = [math.log(projection_interval(0.01, alike=False, distance=d).high) for d in (0.0, 2.0)]
    assert half_widths[1] == pytest.approx(math.hypot(half_widths[0], 2.0 * variants.factor * variants.scatter))


def test_parts_of_one_architecture_are_surer_than_others() -> None:
    assert projection_interval(0.01, alike=True).high < projection_interval(0.01, alike=False).high


def test_factors_that_ship_held_about_their_level() -> None:
    factors = load_projection_factors()
    assert all(0.75 <= each.coverage <= 0.88 for each in (factors.apart, factors.alike))
