from __future__ import annotations

import pytest

from validation.ratios.ratio import Ratio, ratio_of, summarise


def ratio(first: tuple[float, float], second: tuple[float, float], change: str = "accelerator") -> Ratio:
    return ratio_of(change, ("old", *first), ("new", *second), subject="run", source="here")


def test_the_measured_ratio_is_at_least_one_and_the_predicted_one_is_turned_with_it() -> None:
    for turned in (ratio((3.0, 4.0), (2.0, 5.0)), ratio((2.0, 5.0), (3.0, 4.0))):
        assert turned.measured == pytest.approx(1.5)
        assert turned.predicted == pytest.approx(0.8)
        assert turned.error == pytest.approx(0.8 / 1.5 - 1)
    assert (ratio((3.0, 4.0), (2.0, 5.0)).slower, ratio((3.0, 4.0), (2.0, 5.0)).faster) == ("old", "new")


@pytest.mark.parametrize(
    ("measured", "predicted", "right"),
    [(1.5, 1.01, True), (1.5, 0.99, False), (1.5, 1.0, False), (1.03, 0.5, True), (1.04, 0.99, False)],
)
def test_ranked_right_is_the_same_side_of_one_or_hardly_a_difference(
    measured: float, predicted: float, right: bool
) -> None:
    assert ratio((measured, predicted), (1.0, 1.0)).ranked_right is right


def test_errors_by_hand() -> None:
    ratios = [
        ratio((2.0, 2.2), (1.0, 1.0)),  # + 10 %
        ratio((2.0, 1.4), (1.0, 1.0)),  # - 30 %
        ratio((2.0, 0.8), (1.0, 1.0)),  # - 60 %, and the wrong one is the faster
        ratio((4.0, 5.0), (1.0, 1.0), "batch"),  # + 25 %
    ]
    accelerator, batch = summarise(ratios)
    assert (accelerator.change, accelerator.count) == ("accelerator", 3)
    assert accelerator.median_ape == pytest.approx(0.3)
    assert accelerator.bias == pytest.approx((0.1 - 0.3 - 0.6) / 3)
    assert accelerator.ranked_right == pytest.approx(2 / 3)
    assert (batch.change, batch.count, batch.ranked_right) == ("batch", 1, 1.0)
    assert batch.median_ape == batch.bias == pytest.approx(0.25)
    assert summarise([]) == []
