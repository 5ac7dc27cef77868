"""Variants of an accelerator at once, beside the simulation of each."""

import numpy as np
import pytest

from hw_specs import CalibrationPool, apply_overrides, changeable_paths, load_accelerator
from hw_specs.overrides import change_text, present_numbers, with_followers
from simulator.execution import Execution
from simulator.simulation import simulate
from simulator.variants import FIGURES, VariantRun
from tracer.library.graphs import graph_of

SHIPPED = CalibrationPool.shipped()
_FACTORS = (0.5, 1.3, 2.0)


def _expected(report):
    interval, energy = report.interval, report.energy
    return {
        "latency": report.latency,
        "latency_low": interval.low if interval else np.nan,
        "latency_high": interval.high if interval else np.nan,
        "throughput": report.workload["batch"] / report.latency,
        "energy": energy.energy if energy else np.nan,
        "peak_memory": report.peak_memory,
        "fits": float(report.peak_memory <= report.memory_capacity),
    }


@pytest.mark.parametrize(
    ("name", "model", "mode", "fidelity"),
    [
        ("h100", "stable-diffusion", "eager", "calibrated"),
        ("a100", "llama2-7b", "compiled-graph", "calibrated"),
        ("mi300x", "stable-diffusion", "cuda-graph", "calibrated"),
        ("t4", "stable-diffusion", "eager", "roofline"),
    ],
)
def test_variants_have_the_figures_of_their_simulations(name, model, mode, fidelity):
    part, graph, execution = load_accelerator(name), graph_of(model, {}), Execution(mode=mode)
    present, units = present_numbers(part), changeable_paths(part)
    paths = ("memory.dram.bandwidth", "memory.dram.capacity", "cores.count", "cores.clock", "power.board")
    numbers = {path: np.array(_FACTORS) * present[path] for path in paths}
    numbers["cores.count"] = np.round(numbers["cores.count"])
    changed = [apply_overrides(part, [change_text(p, v[at], units[p]) for p, v in numbers.items()]) for at in range(3)]
    run = VariantRun.of(graph, changed[0], execution, SHIPPED, fidelity=fidelity)
    found = run.figures(with_followers(present, numbers), 3)
    for at, other in enumerate(changed):
        report = simulate(graph, other, execution, fidelity=fidelity, calibrations=SHIPPED).report
        expected = _expected(report)
        assert set(expected) == set(FIGURES)
        for figure, value in expected.items():
            assert found[figure][at] == pytest.approx(value, rel=1e-12, nan_ok=True), figure


def test_an_accelerator_as_it_is_rests_on_its_own_measurements():
    part, graph = load_accelerator("a100"), graph_of("stable-diffusion", {})
    report = simulate(graph, part, calibrations=SHIPPED).report
    found = VariantRun.of(graph, part, Execution(), SHIPPED).as_it_is()
    assert found["latency"][0] == pytest.approx(report.latency, rel=1e-13)
    assert found["latency_high"][0] == pytest.approx(report.interval.high, rel=1e-13)


def test_figures_do_not_depend_on_what_is_computed_beside_them():
    part, graph = load_accelerator("h100"), graph_of("stable-diffusion", {})
    present = present_numbers(part)
    bandwidths = np.linspace(0.5, 2, 70) * present["memory.dram.bandwidth"]
    changed = apply_overrides(part, ["memory.dram.bandwidth=2x"])
    run = VariantRun.of(graph, changed, Execution(), SHIPPED)
    every = run.figures(with_followers(present, {"memory.dram.bandwidth": bandwidths}), 70)
    some = run.figures(with_followers(present, {"memory.dram.bandwidth": bandwidths[60:]}), 10)
    assert every["latency"][60:] == pytest.approx(some["latency"], rel=1e-13)
