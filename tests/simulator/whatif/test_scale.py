"""Growth along an axis, and the largest value that fits."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from hw_specs import apply_overrides, load_accelerator
from simulator import simulate
from simulator.whatif import scale as module
from simulator.whatif.axis import Axis, axis_of
from simulator.whatif.scale import scale
from tracer import graph_of
from tracer.graph import GraphError


@pytest.fixture(scope="module")
def a100():
    return load_accelerator("a100")


@pytest.fixture
def without_tracer(monkeypatch):
    """Graphs of any steps are that of the bundle; memory goes with the steps, 10 MB each."""
    monkeypatch.setattr(module._Line, "memory", lambda line, value: 10_000_000 * value)


def test_a_row_is_what_simulate_predicts(a100) -> None:
    found = scale("stable-diffusion", a100, "steps", [50], search=False)
    report = simulate(graph_of("stable-diffusion", {}), a100).report
    (run,) = found.runs
    assert (run.latency, run.peak_memory, run.bound) == (report.latency, report.peak_memory, report.bound)
    assert run.throughput == 1 / run.latency
    assert run.activations == report.memory.allocated - graph_of("stable-diffusion", {}).parameter_bytes
    assert found.exponents == {}
    assert found.knee is None


def test_values_that_a_pipeline_cannot_have_are_refused_before_any_is_computed(a100) -> None:
    with pytest.raises(GraphError, match="multiples of 8"):
        scale("stable-diffusion", a100, "resolution", [512, 513])


def _line(axis: Axis, memory: Mapping[int, int] | None = None):
    class Line:
        """Setup of which memory alone is known."""

        def __init__(self) -> None:
            self.axis = axis
            self.tried: list[int] = []

        def memory(self, value: int) -> int:
            self.tried.append(value)
            return 1000 + 37 * value if memory is None else memory[value]

    return Line()


def _runs(*pairs: tuple[int, int]):
    class Run:
        def __init__(self, value: int, memory: int) -> None:
            self.value, self.peak_memory = value, memory

    return [Run(*pair) for pair in pairs]


@pytest.mark.parametrize("capacity", [1037, 1400, 4700, 1000 + 37 * 500])
def test_the_largest_that_fits_is_found_in_few_tries(capacity: int) -> None:
    line = _line(axis_of("stable-diffusion", "batch", {}))
    runs = _runs(*((value, 1000 + 37 * value) for value in (1, 2, 4)))
    assert module._largest(line, runs, capacity) == (capacity - 1000) // 37
    assert len(line.tried) <= 4


def test_where_nothing_fits_there_is_no_largest() -> None:
    line = _line(axis_of("stable-diffusion", "batch", {}))
    assert module._largest(line, _runs((1, 1037), (2, 1074)), 900) is None


def test_where_memory_does_not_grow_there_is_no_largest() -> None:
    line = _line(axis_of("stable-diffusion", "steps", {}))
    assert module._largest(line, _runs((25, 1000), (50, 1000)), 5000) is None
    assert line.tried == []


def test_the_usual_values_stop_at_the_first_that_does_not_fit(a100, without_tracer, monkeypatch) -> None:
    axis = axis_of("stable-diffusion", "steps", {})
    small = apply_overrides(a100, ["memory.dram.capacity=400 MB"])
    line = module._Line(base=module.setup_of("stable-diffusion", small, None, {}), axis=axis, chosen={}, progress=None)
    assert list(module._values(line, ())) == [12, 25, 36, 50]


def test_devices_that_share_a_workload(a100) -> None:
    found = scale("pixart-alpha", a100, "devices", [1, 2, 4], settings={"parallel": "cfg=2,ulysses=1"})
    one, two, four = found.runs
    assert one.latency > two.latency > four.latency
    assert one.efficiency == 1.0
    assert two.efficiency == pytest.approx(one.latency / two.latency / 2)
    assert two.efficiency > four.efficiency
    assert found.most_efficient == max(run.value for run in found.runs if run.efficiency >= 0.5)
    assert found.largest_that_fits is None
    assert two.energy > one.energy
