from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.whatif.exponents import fitted_exponent, knee_of, local_exponents


@given(st.floats(-4, 4), st.floats(0.01, 100))
def test_a_power_law_gives_its_exponent(exponent: float, scale: float) -> None:
    sizes = [2.0, 3.0, 5.0, 11.0]
    assert fitted_exponent(sizes, [scale * size**exponent for size in sizes]) == pytest.approx(exponent, abs=1e-9)


def test_local_exponents_start_with_nothing() -> None:
    first, second, third = local_exponents([1.0, 2.0, 4.0], [1.0, 4.0, 64.0])
    assert first is None
    assert second == pytest.approx(2)
    assert third == pytest.approx(4)


@pytest.mark.parametrize(("sizes", "values"), [([1.0], [1.0]), ([1.0, 2.0], [1.0]), ([1.0, 2.0], [0.0, 1.0])])
def test_no_line_goes_through_too_little(sizes: list[float], values: list[float]) -> None:
    with pytest.raises(ValueError, match="exponent needs"):
        fitted_exponent(sizes, values)


def test_a_knee_is_where_two_power_laws_meet() -> None:
    sizes = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    knee = knee_of(sizes, [max(3.0, 0.5 * size) for size in sizes])
    assert knee.size == pytest.approx(6.0, rel=0.03)
    assert knee.before == pytest.approx(0, abs=0.02)
    assert knee.after == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("values", [[1.0, 2.0, 4.0, 8.0], [1.0, 1.05, 1.2, 1.3]])
def test_a_straight_line_has_no_knee(values: list[float]) -> None:
    assert knee_of([1.0, 2.0, 4.0, 8.0], values) is None


def test_three_points_have_no_knee() -> None:
    assert knee_of([1.0, 2.0, 4.0], [1.0, 1.0, 2.0]) is None
