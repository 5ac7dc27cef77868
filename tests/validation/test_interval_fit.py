from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import yaml

from simulator.intervals import IntervalFactors
from validation.case_errors import CaseResult
from validation.interval_fit import coverage, fit_intervals, halves, write_factors


def result(device: str, log_error: float, deviation: float = 0.1) -> CaseResult:
    return CaseResult(
        id="x",
        model="m",
        device=device,
        execution="eager/flash",
        dtype="float16",
        batch=1,
        grade="A",
        measured=math.exp(log_error),
        predicted=1.0,
        roofline=0.5,
        error=math.exp(-log_error) - 1,
        low=0.9,
        high=1.1,
        deviation=deviation,
        source="here",
    )


def test_devices_never_stand_in_both_halves() -> None:
    first, second = halves([result(name, 0.0) for name in "aaabbcd"])
    assert (first.devices, second.devices) == (("a", "c"), ("b", "d"))


def test_one_device_cannot_be_split() -> None:
    with pytest.raises(ValueError, match="two devices"):
        halves([result("a", 0.0)])


def test_factor_and_centre_by_hand() -> None:
    # Centre 0.1; scores 2, 1, 0, 1, 2 deviations; 80 % of five and one more is the fifth smallest.
    fitted = [result("a", 0.1 + x) for x in (-0.2, -0.1, 0.0, 0.1, 0.2)]
    tried = [result("b", x) for x in (0.1, 0.12, 0.6)]
    factors = fit_intervals([*fitted, *tried])
    # From b: centre 0.12, scores 0.2, 0 and 4.8, of which 80 % and one more is the largest; it holds all of a.
    assert factors.fitted_on == "b"
    assert factors.centre == pytest.approx(0.12)
    assert factors.factor == pytest.approx(4.8)
    assert factors.coverage == 1.0


def test_the_wider_half_is_kept() -> None:
    wide = [result("a", x) for x in (-0.4, -0.2, 0.0, 0.2, 0.4)]
    narrow = [result("b", x) for x in (-0.02, 0.0, 0.02, 0.01)]
    factors = fit_intervals([*wide, *narrow])
    assert factors.fitted_on == "a"
    assert factors.factor == pytest.approx(4.0)
    assert factors.coverage == 1.0


def test_coverage_is_nominal_where_both_halves_are_alike() -> None:
    generator = np.random.default_rng(1)
    errors = generator.normal(0.0, 0.25, size=(8, 200))
    results = [result(f"d{i}", float(e)) for i, row in enumerate(errors) for e in row]
    factors = fit_intervals(results)
    assert factors.coverage == pytest.approx(0.8, abs=0.05)


def test_written_factors_read_back(tmp_path: Path) -> None:
    factors = fit_intervals([result("a", 0.1), result("a", 0.2), result("b", 0.0)])
    write_factors(factors, tmp_path / "f.yaml")
    assert IntervalFactors.model_validate(yaml.safe_load((tmp_path / "f.yaml").read_text())) == factors
    assert coverage([result("c", 9.0)], factors) == 0.0
