from __future__ import annotations

import pytest

from simulator.uncertainty.intervals import BasisCoverage, ClassFactor, ClassFactors, IntervalFactors
from simulator.uncertainty.ratios import ANY, RatioFactor, RatioFactors
from validation.fitting.intervals.presentation import interval_text, ratio_interval_text


def _factors() -> IntervalFactors:
    return IntervalFactors(
        factor=2.0,
        scatter=0.1,
        level=0.8,
        coverage=0.83,
        coverage_error=0.05,
        count=7,
        devices=("A", "B"),
        without={"A": ClassFactors(factor=1.5, scatter=0.2), "B": ClassFactors(factor=2.5, scatter=0.1)},
        by_class=(ClassFactor(maker="X", way="engine", factor=1.25),),
        by_basis={"inherited": BasisCoverage(coverage=0.75, devices=2, runs=7, half_width=0.31)},
        sources=("s",),
    )


def test_factor_coverage_basis_and_devices_are_shown() -> None:
    lines = interval_text(_factors()).splitlines()
    assert "7 published runs on 2 devices" in lines[0]
    assert "83.0 % (standard error 5.0 %, nominal 80 %)" in lines[1]
    assert any(line.split() == ["inherited", "2", "7", "75.0", "%", "31.0", "%"] for line in lines)
    assert any(line.split() == ["X,", "engine", "1.250"] for line in lines)
    assert any(line.split() == ["B", "2.500", "10.0", "%"] for line in lines)


@pytest.mark.parametrize("width", [60, 80])
def test_what_is_fitted_fits_where_it_is_printed(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    one = RatioFactor(factor=1.5, scatter=0.1, coverage=0.8, coverage_error=0.05, count=12, groups=6)
    of_ratios = ratio_interval_text(RatioFactors(level=0.8, changes={ANY: one}, variants=one))
    assert max(map(len, (interval_text(_factors()) + of_ratios).splitlines())) <= width
    assert "variant: scatter" in of_ratios


def test_ratios_have_a_line_for_each_kind_of_change_in_80_columns() -> None:
    one = RatioFactor(factor=1.5, scatter=0.1, coverage=0.8, coverage_error=0.05, count=12, groups=6)
    lines = ratio_interval_text(RatioFactors(level=0.8, changes={ANY: one, "number format": one})).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[-1].split() == ["number", "format", "12", "6", "1.500", "10.0", "%", "80.0", "%", "5.0", "%"]
