from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from simulator.uncertainty.intervals import IntervalFactors
from validation.fitting.intervals.times import class_factors, fit_factor, fit_intervals, source_scatter, write_factors
from validation.published.errors import CaseResult


def result(
    device: str, log_error: float, deviation: float = 0.1, basis: str = "inherited", batch: int = 0
) -> CaseResult:
    return CaseResult(
        id="x",
        model="m",
        device=device,
        execution="eager/flash",
        dtype="float16",
        batch=batch or int(1e6 * (1 + abs(log_error))),
        grade="A",
        measured=math.exp(log_error),
        predicted=1.0,
        roofline=0.5,
        error=math.exp(-log_error) - 1,
        low=0.9,
        high=1.1,
        deviation=deviation,
        basis=basis,
        source="here",
        family="images",
        maker="NVIDIA",
    )


def test_the_factor_counts_devices_alike_and_leaves_weight_for_the_next_one() -> None:
    # Five devices: a weight of 1/6 each, so that 0.8 is reached with the fifth; the many runs of one count no more.
    devices = {
        "a": [result("a", 0.01 * (i + 1)) for i in range(40)],
        **{name: [result(name, x)] for name, x in zip("bcde", (0.5, 0.6, 0.7, 0.8), strict=True)},
    }
    assert fit_factor(devices, 0.8).factor == pytest.approx(8.0)
    # For 0.6 of the weight 3.6 devices are needed: d is the fourth.
    assert fit_factor(devices, 0.6).factor == pytest.approx(7.0)


def test_scores_are_of_deviation_and_scatter_together() -> None:
    # Two hands measured the same run 0.2 apart: a standard deviation of 0.1 * sqrt(2).
    twice = [result("a", -0.1, batch=1), result("a", 0.1, batch=1)]
    others = {name: [result(name, 0.3, deviation=0.1)] for name in "bcde"}
    fitted = fit_factor({"a": twice, **others}, 0.8)
    assert fitted.scatter == pytest.approx(math.sqrt(0.02), abs=1e-4)
    assert fitted.factor == pytest.approx(0.3 / math.sqrt(0.01 + 0.02), abs=1e-3)


def test_scatter_is_pooled_over_runs_that_a_prediction_cannot_tell_apart() -> None:
    runs = [result("a", x, batch=1) for x in (0.0, 0.2)] + [result("b", x, batch=2) for x in (0.1, 0.1, 0.4)]
    # Squares 0.02 and 0.06 over one and two degrees of freedom.
    assert source_scatter(runs) == pytest.approx(math.sqrt(0.08 / 3))
    assert source_scatter([result("a", 0.1)]) == 0.0


def test_too_few_devices_cannot_be_left_out() -> None:
    with pytest.raises(ValueError, match="at least 5 devices, got 4"):
        fit_intervals([result(name, 0.1) for name in "abcd"])


def test_coverage_of_each_device_is_counted_without_it() -> None:
    # The factor of all holds e, the one without e does not.
    results = [result(name, 0.1) for name in "abcd"] + [result("e", 0.9, basis="calibrated")]
    factors = fit_intervals(results)
    assert factors.factor == pytest.approx(9.0)
    assert factors.without["e"].factor == pytest.approx(1.0)
    assert factors.coverage == pytest.approx(0.8)
    assert factors.coverage_error == pytest.approx(math.sqrt(0.2 / 5), abs=1e-3)
    assert factors.by_basis["calibrated"].coverage == 0.0
    assert (factors.by_basis["inherited"].coverage, factors.by_basis["inherited"].devices) == (1.0, 4)
    assert factors.by_basis["calibrated"].half_width == pytest.approx(0.1)


def test_runs_of_a_workload_are_counted_without_it() -> None:
    # Each device ran two workloads; `odd` is far off everywhere, so that only factors which saw it would hold it.
    usual = [result(name, 0.1) for name in "abcdef"]
    odd = [replace(result(name, 0.5), model="odd") for name in "abcdef"]
    factors = fit_intervals([*usual, *odd])
    assert factors.factor == pytest.approx(5.0)
    assert factors.coverage == pytest.approx(0.5)


def test_classes_go_from_the_narrowest_to_the_widest_and_need_three_devices() -> None:
    few = [replace(result(name, 0.1), maker="AMD") for name in "gh"]
    factors = fit_intervals([*(result(name, 0.1) for name in "abcdef"), *few])
    assert [each.text for each in factors.classes] == [
        "of images on NVIDIA, most kernels inherited",
        "of images on NVIDIA",
        "on NVIDIA, most kernels inherited",
        "on NVIDIA",
    ]
    assert factors.classes[0].devices == 6


def test_a_class_of_many_devices_stands_by_itself_and_one_of_one_leans_on_the_wider_one() -> None:
    usual = {f"d{i}": [replace(result(f"d{i}", 0.1), family="images")] for i in range(12)}
    engines = {f"e{i}": [replace(result(f"e{i}", 0.4), way="engine")] for i in range(12)}
    lone = {"v": [replace(result("v", 0.05), family="videos")]}
    found = {(c.maker, c.way, c.family): c.factor for c in class_factors({**usual, **engines, **lone}, 0.0, 0.8)}
    assert found["NVIDIA", "framework", "images"] == pytest.approx(1.0)
    assert found["NVIDIA", "engine", "images"] == pytest.approx(4.0)
    assert found["NVIDIA", None, None] == pytest.approx(4.0)
    # A quarter of the weight is its own 0.5, the rest that of runs of the framework, nearly all of them 1.
    assert found["NVIDIA", "framework", "videos"] == pytest.approx(1.0)


def test_many_runs_of_one_device_count_as_the_root_of_their_number() -> None:
    # Ten devices of one run each, and one of 16 runs: 4 of a weight of 14.
    few = {f"d{i}": [result(f"d{i}", 0.1)] for i in range(10)}
    (maker, *_) = class_factors({**few, "a": [result("a", 0.5) for _ in range(16)]}, 0.0, 0.7)
    assert maker.factor == pytest.approx(1.0)
    (maker, *_) = class_factors({**few, "a": [result("a", 0.5) for _ in range(16)]}, 0.0, 0.75)
    assert maker.factor == pytest.approx(5.0)


def test_coverage_of_the_next_device_is_nominal_where_devices_are_alike() -> None:
    generator = np.random.default_rng(1)
    centres = generator.normal(0.0, 0.2, size=(40, 1))
    errors = centres + generator.normal(0.0, 0.05, size=(40, 30))
    factors = fit_intervals(result(f"d{i}", float(e)) for i, row in enumerate(errors) for e in row)
    assert factors.coverage == pytest.approx(0.8, abs=2.5 * factors.coverage_error)


def test_written_factors_read_back(tmp_path: Path) -> None:
    factors = fit_intervals([result(name, 0.1 * i) for i, name in enumerate("abcdef")])
    write_factors(factors, tmp_path / "f.yaml")
    assert IntervalFactors.model_validate(yaml.safe_load((tmp_path / "f.yaml").read_text())) == factors
