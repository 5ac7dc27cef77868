from __future__ import annotations

import pytest

from hw_specs import CalibrationPool, apply_overrides, load_accelerator
from simulator.comparison import changes_between, compare, compare_by
from simulator.execution import Execution
from simulator.simulation import Simulation, simulate
from tracer.library.graphs import graph_of

SHIPPED = CalibrationPool.shipped()


def run(accelerator: str = "a100", mode: str = "eager", fidelity: str = "calibrated", **settings: object) -> Simulation:
    return simulate(
        graph_of("stable-diffusion", settings),
        load_accelerator(accelerator),
        Execution(mode=mode),
        fidelity=fidelity,  # type: ignore[arg-type]
        calibrations=SHIPPED,
    )


@pytest.fixture(scope="module")
def a100() -> Simulation:
    return run()


@pytest.fixture(scope="module")
def h100() -> Simulation:
    return run("h100")


def test_the_ratio_is_the_time_of_the_reference_over_that_of_the_run(a100: Simulation, h100: Simulation) -> None:
    comparison = compare(h100, a100)
    assert comparison.changes == ("accelerator",)
    assert comparison.whole.ratio == pytest.approx(a100.report.latency / h100.report.latency)
    assert comparison.whole.ratio > 1
    for name, part in comparison.by_stage.items():
        assert part.latency == pytest.approx(h100.report.by_stage[name].latency)
        assert part.reference == pytest.approx(a100.report.by_stage[name].latency)
    for name, part in comparison.by_category.items():
        assert part.latency == pytest.approx(h100.report.by_category[name].latency)


def test_turned_around_the_ratio_and_its_ends_are_inverted(a100: Simulation, h100: Simulation) -> None:
    forth, back = compare(h100, a100).whole, compare(a100, h100).whole
    assert forth.interval is not None
    assert back.interval is not None
    assert forth.ratio == pytest.approx(1 / back.ratio)
    assert forth.interval.low == pytest.approx(1 / back.interval.high)


def test_a_run_against_itself_is_one_for_certain(a100: Simulation) -> None:
    same = compare(a100, a100)
    assert same.changes == ()
    assert same.whole.interval is not None
    assert (same.whole.ratio, same.whole.interval.low, same.whole.interval.high) == (1.0, 1.0, 1.0)


def test_a_change_on_one_accelerator_is_surer_than_the_time_itself(a100: Simulation) -> None:
    whole = compare(run(batch=2), a100).whole
    assert whole.interval is not None
    assert a100.interval is not None
    assert whole.interval.high / whole.interval.low < a100.interval.high / a100.interval.low


def test_a_bound_has_a_ratio_and_no_interval(a100: Simulation) -> None:
    bound = compare(run("h100", fidelity="roofline"), a100)
    assert bound.whole.interval is None
    assert bound.to_dict()["whole"]["interval"] is None


def test_what_differs_is_named_as_in_published_pairs(a100: Simulation) -> None:
    assert changes_between(run(mode="cuda-graph"), a100) == ("execution",)
    assert changes_between(run(batch=4), a100) == ("batch",)
    assert changes_between(run("h100", height=768, width=768), a100) == ("accelerator", "resolution")
    assert changes_between(run(num_inference_steps=3), a100) == ("other",)


def test_variants_of_a_part_are_the_surer_the_nearer_they_are() -> None:
    part, graph = load_accelerator("a100"), graph_of("stable-diffusion", {})
    base = simulate(graph, part)
    widths = []
    for factor in ("1.01x", "2x", "8x"):
        run = simulate(graph, apply_overrides(part, [f"memory.dram.bandwidth={factor}"]))
        interval = compare(run, base).whole.interval
        widths.append(interval.high / interval.low)
    assert 1.0 < widths[0] < 1.005
    assert 1.05 < widths[1] < 1.25
    assert widths[2] > widths[1]


def test_a_part_that_the_change_does_not_touch_is_one_for_certain(a100: Simulation) -> None:
    naive = simulate(
        graph_of("stable-diffusion", {}), load_accelerator("a100"), Execution(attention="naive"), calibrations=SHIPPED
    )
    comparison = compare(a100, naive)
    convolution, attention = (comparison.by_category[name].interval for name in ("convolution", "attention_spatial"))
    assert convolution is not None
    assert (convolution.low, convolution.high) == pytest.approx((1.0, 1.0), abs=2e-3)
    assert attention is not None
    assert attention.low < attention.high


def test_parts_by_a_key_are_those_of_the_views(a100: Simulation, h100: Simulation) -> None:
    whole = compare(h100, a100)
    assert compare_by(h100, a100, "stage") == whole.by_stage
    assert compare_by(h100, a100, "category") == whole.by_category
    operators = compare_by(h100, a100, "operator")
    assert sum(part.latency for part in operators.values()) == pytest.approx(h100.report.latency)
    longest = [max(part.latency, part.reference) for part in operators.values()]
    assert longest == sorted(longest, reverse=True)
