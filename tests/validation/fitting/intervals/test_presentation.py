from __future__ import annotations

from simulator.uncertainty.intervals import BasisCoverage, ClassFactor, ClassFactors, IntervalFactors
from simulator.uncertainty.ratios import ANY, RatioFactor, RatioFactors
from validation.fitting.intervals.presentation import interval_text, ratio_interval_text


def test_factor_coverage_basis_and_devices_are_shown() -> None:
    factors = IntervalFactors(
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
    lines = interval_text(factors).splitlines()
    assert "7 published runs on 2 devices" in lines[0]
    assert "83.0 % (standard error 5.0 %, nominal 80 %)" in lines[1]
    assert any(line.split() == ["inherited", "2", "7", "75.0", "%", "31.0", "%"] for line in lines)
    assert any(line.split() == ["X,", "engine", "1.250"] for line in lines)
    assert any(line.split() == ["B", "2.500", "10.0", "%"] for line in lines)


def test_ratios_have_a_line_for_each_kind_of_change_in_80_columns() -> None:
    one = RatioFactor(factor=1.5, scatter=0.1, coverage=0.8, coverage_error=0.05, count=12, groups=6)
    lines = ratio_interval_text(RatioFactors(level=0.8, changes={ANY: one, "number format": one})).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[-1].split() == ["number", "format", "12", "6", "1.500", "10.0", "%", "80.0", "%", "5.0", "%"]
