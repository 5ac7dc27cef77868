from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from hw_specs import CalibrationPool, apply_overrides, load_accelerator
from simulator.cost.families import GROUPS
from simulator.execution import Execution
from simulator.simulation import simulate
from simulator.uncertainty.intervals import (
    ClassFactor,
    ClassFactors,
    Factor,
    Standing,
    coverage_line,
    family_of,
    interval_ends,
    interval_of,
    load_factors,
    way_of,
)
from simulator.uncertainty.standing import group_ranges
from tracer.graph import OpGraph, Workload
from tracer.library.graphs import graph_of

SHIPPED = CalibrationPool.shipped()


@pytest.fixture(scope="module")
def graph() -> OpGraph:
    return graph_of("stable-diffusion", {})


def test_the_interval_is_the_factor_times_deviation_and_scatter() -> None:
    factors = load_factors()
    interval = interval_of(2.0, 0.1)
    width = factors.factor * math.sqrt(0.1**2 + factors.scatter**2)
    assert math.log(interval.high / 2.0) == pytest.approx(width)
    assert math.log(2.0 / interval.low) == pytest.approx(width)


def test_a_sure_prediction_keeps_the_scatter_of_sources() -> None:
    factors = load_factors()
    interval = interval_of(2.0, 0.0)
    assert math.log(interval.high / 2.0) == pytest.approx(factors.factor * factors.scatter)


def test_ends_of_many_are_those_of_each() -> None:
    low, high = interval_ends(np.array([1.0, 2.0]), np.array([0.1, 0.3]))
    each = [interval_of(1.0, 0.1), interval_of(2.0, 0.3)]
    assert low.tolist() == pytest.approx([interval.low for interval in each], rel=1e-15)
    assert high.tolist() == pytest.approx([interval.high for interval in each], rel=1e-15)


def test_published_runs_of_a_device_get_the_factor_that_has_not_seen_them() -> None:
    factors = load_factors()
    device = factors.devices[0]
    expected = math.exp(factors.without[device].half_width(0.2))
    assert interval_of(1.0, 0.2, unseen=device).high == pytest.approx(expected)
    assert interval_of(1.0, 0.2, unseen="nobody's").high == interval_of(1.0, 0.2).high


def test_coverage_is_counted_on_every_device_without_it() -> None:
    factors = load_factors()
    assert set(factors.without) == set(factors.devices)
    assert factors.count > len(factors.devices) >= 5
    assert factors.coverage_error > 0
    assert factors.sources
    assert f"{factors.count} published runs" in coverage_line()


def test_the_coverage_is_that_of_the_narrowest_class_that_was_counted() -> None:
    factors = load_factors()
    narrow = factors.classes[0]
    assert narrow.devices >= 3
    standing = Standing(family=narrow.family or "", maker=narrow.maker or "", basis=narrow.basis or "")
    interval = interval_of(1.0, 0.1, standing=standing)
    assert (interval.coverage, interval.count, interval.counted_on) == (narrow.coverage, narrow.runs, narrow.text)
    nobody = interval_of(1.0, 0.1, standing=Standing(family="smells", maker="nobody", basis="none"))
    assert (nobody.coverage, nobody.count) == (factors.coverage, factors.count)


def test_the_narrowest_class_that_is_known_has_its_own_factor() -> None:
    classes = (
        ClassFactor(maker="NVIDIA", factor=1.5),
        ClassFactor(maker="NVIDIA", way="framework", factor=1.0),
        ClassFactor(maker="NVIDIA", way="framework", family="videos", factor=2.0),
    )
    factors = ClassFactors(factor=3.0, scatter=0.1, by_class=classes)
    video = Standing(family="videos", maker="NVIDIA", basis="inherited")
    assert factors.of(video) == Factor(factor=2.0, scatter=0.1)
    assert factors.of(replace(video, family="texts")).factor == 1.0
    assert factors.of(replace(video, way="engine")).factor == 1.5
    assert factors.of(replace(video, maker="AMD")).factor == factors.of(None).factor == 3.0


def test_an_interval_is_as_wide_as_those_of_its_class() -> None:
    factors = load_factors()
    own = factors.by_class[-1]
    standing = Standing(family=own.family or "", maker=own.maker, basis="", way=own.way or "")
    half = math.log(interval_of(1.0, 0.1, standing=standing).high)
    assert half == pytest.approx(own.factor * math.hypot(0.1, factors.scatter))
    assert interval_ends(np.ones(1), np.full(1, 0.1), standing)[1] == pytest.approx([math.exp(half)])


def test_what_compiles_by_itself_or_serves_is_an_engine() -> None:
    plain, paged = Workload(max_new_tokens=8), Workload(max_new_tokens=8, kv_cache="paged")
    assert way_of(Execution(), plain) == way_of(Execution(mode="compiled"), plain) == "framework"
    assert way_of(Execution(mode="fused"), plain) == way_of(Execution(mode="compiled-graph"), paged) == "engine"


def test_the_kind_of_output_follows_from_the_settings() -> None:
    assert family_of(Workload(height=64, width=64)) == "images of transformers"
    assert family_of(Workload(height=64, width=64), ("text_encoder", "unet")) == "images of U-Nets"
    assert family_of(Workload(height=64, width=64, num_frames=8)) == "videos"
    assert family_of(Workload(max_new_tokens=8)) == "texts"


def test_a_hypothetical_part_has_a_wider_interval(graph: OpGraph) -> None:
    # In a CUDA graph the host, which is as uncertain for both, takes no part.
    real = load_accelerator("a100")
    changed = apply_overrides(real, ["memory.dram.bandwidth=1.01x"])
    assert _relative_width(graph, changed) > _relative_width(graph, real) > 1


def test_a_part_without_any_relative_has_the_widest(graph: OpGraph) -> None:
    assert _relative_width(graph, load_accelerator("mi300x")) > _relative_width(graph, load_accelerator("a30"))


def _relative_width(graph: OpGraph, accelerator: object) -> float:
    interval = simulate(graph, accelerator, Execution(mode="cuda-graph"), calibrations=SHIPPED).interval  # type: ignore[arg-type]
    assert interval is not None
    return interval.high / interval.low


def test_parameters_of_another_vendor_widen_the_interval() -> None:
    stranger, t4 = load_accelerator("max_1550"), load_accelerator("t4")
    times = np.array([1e-4])
    group = np.array([GROUPS.index("matmul")])
    unrelated, related = (group_ranges(group, times, part, SHIPPED) for part in (stranger, t4))
    assert SHIPPED.match(stranger, "matmul").calibration.name == "generic"
    assert unrelated.high / unrelated.low > related.high / related.low
    assert unrelated.basis == related.basis == ("inherited",)


def test_the_roofline_is_a_bound_and_has_no_interval(graph: OpGraph) -> None:
    simulation = simulate(graph, load_accelerator("a100"), fidelity="roofline", calibrations=SHIPPED)
    assert simulation.interval is None
    assert simulation.report.to_dict()["interval"] is None
    assert simulation.report.part_intervals == {}
    assert simulation.stage_deviation("unet") == 0.0


def test_the_report_carries_the_interval(graph: OpGraph) -> None:
    report = simulate(graph, load_accelerator("a100"), calibrations=SHIPPED).report
    plain = report.to_dict()["interval"]
    assert set(plain) == {"low", "high", "level", "coverage", "count", "counted_on"}
    assert np.isfinite([plain["low"], plain["high"]]).all()
    assert plain["low"] < report.latency < plain["high"]


def test_every_part_of_every_view_has_an_interval_around_its_latency(graph: OpGraph) -> None:
    plain = simulate(graph, load_accelerator("a100"), calibrations=SHIPPED).report.to_dict()
    for view in ("by_stage", "by_category", "by_module"):
        assert set(plain["part_intervals"][view]) == set(plain[view])
        for name, ends in plain["part_intervals"][view].items():
            assert ends["low"] <= plain[view][name]["latency"] <= ends["high"]


def test_intervals_of_variants_widen_with_their_distance(graph: OpGraph) -> None:
    real = load_accelerator("a100")
    changes = (["memory.dram.bandwidth=1.01x"], ["memory.dram.bandwidth=4x"], ["peak.matrix=8x", "cores.clock=4x"])
    near, far, farthest = (_relative_width(graph, apply_overrides(real, each)) for each in changes)
    assert near < far < farthest
