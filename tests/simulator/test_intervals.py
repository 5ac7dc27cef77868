from __future__ import annotations

import math

import numpy as np
import pytest

from hw_specs import apply_overrides, find_calibration, load_accelerator
from simulator.execution import Execution
from simulator.intervals import _deviations, interval_of, load_factors, shipped_calibrations
from simulator.simulation import simulate
from tracer.graph import OpGraph
from tracer.library import graph_of


@pytest.fixture(scope="module")
def graph() -> OpGraph:
    return graph_of("stable-diffusion", {})


def test_the_interval_is_the_conformal_factor_times_the_deviation() -> None:
    factors = load_factors()
    interval = interval_of(2.0, 0.1)
    centre = 2.0 * math.exp(factors.centre)
    assert interval.high / centre == pytest.approx(math.exp(0.1 * factors.factor))
    assert centre / interval.low == pytest.approx(math.exp(0.1 * factors.factor))


def test_a_prediction_without_deviation_has_no_width() -> None:
    interval = interval_of(2.0, 0.0)
    assert interval.low == interval.high


def test_factors_say_what_they_were_fitted_and_tried_on() -> None:
    factors = load_factors()
    assert factors.fitted_count > 0
    assert factors.tried_count > 0
    assert not set(factors.fitted_on.split(", ")) & set(factors.tried_on.split(", "))
    assert factors.sources


def test_a_hypothetical_part_has_a_wider_interval(graph: OpGraph) -> None:
    # In a CUDA graph the host, which is as uncertain for both, takes no part.
    real = load_accelerator("a100")
    changed = apply_overrides(real, ["memory.dram.bandwidth=1.01x"])
    run = Execution(mode="cuda-graph")
    assert simulate(graph, changed, run).deviation > simulate(graph, real, run).deviation > 0


def test_a_part_without_any_relative_has_the_widest(graph: OpGraph) -> None:
    run = Execution(mode="cuda-graph")
    inherited = simulate(graph, load_accelerator("a30"), run).deviation
    assert simulate(graph, load_accelerator("mi300x"), run).deviation > inherited


def test_parameters_of_another_vendor_widen_the_interval() -> None:
    mi300x, t4 = load_accelerator("mi300x"), load_accelerator("t4")
    times = np.array([1e-4])
    unrelated = _deviations(mi300x, "matmul", times, shipped_calibrations())
    related = _deviations(t4, "matmul", times, shipped_calibrations())
    assert find_calibration(t4, group="matmul").calibration.name == "generic"
    assert unrelated[0] == pytest.approx(1.5 * related[0])
    assert unrelated[1] == pytest.approx(1.5 * related[1])


def test_the_roofline_is_a_bound_and_has_no_interval(graph: OpGraph) -> None:
    simulation = simulate(graph, load_accelerator("a100"), fidelity="roofline")
    assert simulation.interval is None
    assert simulation.report.to_dict()["interval"] is None


def test_the_report_carries_the_interval(graph: OpGraph) -> None:
    report = simulate(graph, load_accelerator("a100")).report
    plain = report.to_dict()["interval"]
    assert set(plain) == {"low", "high", "level", "coverage", "count"}
    assert np.isfinite([plain["low"], plain["high"]]).all()
    assert plain["low"] < plain["high"]
