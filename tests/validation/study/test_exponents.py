from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.study.exponents import fitted_exponent, local_exponents


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
