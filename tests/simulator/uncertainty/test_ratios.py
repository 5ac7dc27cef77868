from __future__ import annotations

import math

import pytest

from simulator.uncertainty.ratios import (
    ANY,
    CHANGES,
    RatioFactor,
    RatioFactors,
    RatioInterval,
    load_ratio_factors,
    ratio_interval,
)


def factor(value: float, scatter: float) -> RatioFactor:
    return RatioFactor(factor=value, scatter=scatter, coverage=0.8, coverage_error=0.1, count=10, groups=5)


FACTORS = RatioFactors(level=0.8, changes={ANY: factor(2.0, 0.3), "batch": factor(1.0, 0.0)})


def test_the_interval_of_a_change_is_its_factor_times_deviation_and_scatter() -> None:
    batch = ratio_interval(2.0, 0.04, ("batch",), factors=FACTORS)
    assert (batch.low, batch.high) == pytest.approx((2.0 / math.exp(0.2), 2.0 * math.exp(0.2)))
    assert (batch.ratio, batch.level, batch.coverage, batch.count) == (2.0, 0.8, 0.8, 10)


@pytest.mark.parametrize("changes", [("attention",), ("batch", "attention"), ("other",)])
def test_other_changes_and_several_at_once_take_the_factor_of_any(changes: tuple[str, ...]) -> None:
    width = 2.0 * math.sqrt(0.04 + 0.09)
    assert ratio_interval(1.0, 0.04, changes, factors=FACTORS).high == pytest.approx(math.exp(width))


def test_runs_that_do_not_differ_have_no_interval() -> None:
    same = ratio_interval(1.0, 0.0, (), factors=FACTORS)
    assert (same.low, same.high) == (1.0, 1.0)


def test_the_factors_that_ship_are_of_known_changes() -> None:
    factors = load_ratio_factors()
    assert ANY in factors.changes
    assert set(factors.changes) <= {ANY, *CHANGES}
    assert all(each.groups >= 5 for each in factors.changes.values())


def test_a_variant_is_as_unsure_as_it_is_far() -> None:
    of_variants = load_ratio_factors().variants
    near, far = (ratio_interval(2.0, 0.0, (), distance=d) for d in (0.1, 1.0))
    assert math.log(far.high / 2.0) == pytest.approx(of_variants.factor * of_variants.scatter)
    assert math.log(near.high / 2.0) == pytest.approx(0.1 * math.log(far.high / 2.0))
    assert (far.coverage, far.count) == (of_variants.coverage, of_variants.count)


def test_the_distance_comes_on_top_of_other_changes() -> None:
    plain, apart = (ratio_interval(2.0, 0.01, ("batch",), distance=d) for d in (0.0, 1.0))
    of_variants = load_ratio_factors().variants
    widths = math.log(plain.high / 2.0), of_variants.factor * of_variants.scatter
    assert math.log(apart.high / 2.0) == pytest.approx(math.hypot(*widths))


def test_an_interval_that_ends_at_one_says_ninety_per_cent() -> None:
    def of(ratio: float, high: float) -> RatioInterval:
        return RatioInterval(ratio=ratio, low=ratio**2 / high, high=high, level=0.8, coverage=0.8, count=1)

    assert of(2.0, 4.0).probability_above() == pytest.approx(0.9)
    assert of(0.5, 1.0).probability_above() == pytest.approx(0.1)
    assert of(2.0, 4.0).probability_above(2.0) == pytest.approx(0.5)
    assert [of(ratio, ratio).probability_above() for ratio in (0.5, 1.0, 2.0)] == [0.0, 0.5, 1.0]
