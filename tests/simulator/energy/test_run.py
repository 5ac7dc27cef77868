import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw_specs import CalibrationPool, apply_overrides, load_accelerator
from hw_specs.energy_calibration import EnergyParameters
from hw_specs.inheritance.power_rules import relative_voltage
from simulator.cost.energies import kernel_energies
from simulator.cost.hardware.power import PowerModel, UnknownPowerError, power_model
from simulator.energy.run import (
    EnergyEstimate,
    StageWork,
    energy_at_boost,
    energy_interval,
    energy_line,
    energy_of,
    stage_energy,
    stage_work,
    sustained_clock,
)
from simulator.execution import Execution
from simulator.simulation import Simulation, simulate
from simulator.uncertainty.intervals import Interval
from tracer.graph import OpGraph
from tracer.library.graphs import graph_of

SHIPPED = CalibrationPool.shipped()

A100 = load_accelerator("a100")


def _model(board: float | None = 400.0, spread: tuple[float, float] = (-0.2, 0.3)) -> PowerModel:
    parameters = EnergyParameters(
        idle=60, active=200, matrix=6e-13, vector=5e-12, special=2e-11, score=0, dram=5e-11, cache=1e-11
    )
    return PowerModel(parameters=parameters, board=board, basis="inherited", spread=spread, fitted_on=("runs",))


def _work(elapsed: float = 2.0, busy: float = 1.5, work: float = 100.0) -> StageWork:
    return StageWork(name="unet", elapsed=elapsed, busy=busy, work=work)


def _latency(low: float, high: float) -> Interval:
    return Interval(low=low, high=high, level=0.8, coverage=0.8, count=10, counted_on="of images")


@pytest.fixture(scope="module")
def graph() -> OpGraph:
    return graph_of("stable-diffusion", {})


@pytest.fixture(scope="module")
def run(graph: OpGraph) -> Simulation:
    return simulate(graph, A100, calibrations=SHIPPED)


class TestStage:
    def test_by_hand(self) -> None:
        assert stage_energy(_work(), _model()) == pytest.approx(60 * 2 + 200 * 1.5 + 100)

    def test_a_factor_leaves_idle_power_alone(self) -> None:
        assert energy_at_boost(_work(), _model(), 0.5) == pytest.approx(60 * 2 + 0.5 * (200 * 1.5 + 100))

    def test_the_limit_holds(self) -> None:
        assert stage_energy(_work(work=1e4), _model(400.0)) == pytest.approx(800.0)
        assert stage_energy(_work(work=1e4), _model(None)) == pytest.approx(10420.0)

    def test_times_and_work_of_a_timeline(self, run: Simulation) -> None:
        stage = run.timeline.stages[1]
        work = kernel_energies(run.kernels, A100, _model().parameters)
        found = stage_work(stage, work)
        assert found.elapsed == pytest.approx(stage.latency)
        assert found.busy == pytest.approx(stage.execution.sum())
        assert found.work == pytest.approx(work[stage.launches.rows[0]].sum() * stage.launches.stage.repeats)


class TestClock:
    def test_full_within_the_limit(self) -> None:
        assert sustained_clock(390.0, idle=60.0, board=400.0) == 1.0
        assert sustained_clock(1000.0, idle=60.0, board=None) == 1.0

    def test_by_hand_at_the_lowest_voltage(self) -> None:
        # (100 - 50) W of 500 W above idle: f * 0.7^2 = 0.1.
        assert sustained_clock(550.0, idle=50.0, board=100.0) == pytest.approx(0.1 / 0.49, rel=1e-6)

    @given(st.floats(1.001, 30.0))
    def test_power_at_that_clock_is_the_limit(self, excess: float) -> None:
        idle, board = 50.0, 300.0
        power = idle + excess * (board - idle)
        clock = sustained_clock(power, idle=idle, board=board)
        assert idle + (power - idle) * clock * relative_voltage(clock) ** 2 == pytest.approx(board, rel=1e-6)

    def test_no_budget_stops_the_clock(self) -> None:
        assert sustained_clock(300.0, idle=100.0, board=90.0) == pytest.approx(0.0, abs=1e-9)


class TestRun:
    def test_stages_add_up(self, run: Simulation) -> None:
        estimate = energy_of(run.timeline, run.costs, A100)
        assert sum(estimate.by_stage.values()) == pytest.approx(estimate.energy)
        assert set(estimate.by_stage) == {s.launches.stage.name for s in run.timeline.stages}
        assert estimate.average_power == pytest.approx(estimate.energy / run.timeline.latency)
        assert estimate.basis == power_model(A100).basis

    def test_by_hand_from_the_table(self, run: Simulation) -> None:
        p = _model(None).parameters
        estimate = energy_of(run.timeline, run.costs, A100, model=_model(None))
        work = float((kernel_energies(run.kernels, A100, p) * run.kernels.count).sum())
        busy = float((run.costs.time[:, 0] * run.kernels.count).sum())
        assert estimate.energy == pytest.approx(p.idle * run.timeline.latency + p.active * busy + work)

    def test_power_lies_between_idle_and_limit(self, run: Simulation) -> None:
        for name in ("a100", "h100", "t4", "rtx_3090", "mi300x"):
            part = load_accelerator(name)
            simulation = simulate(run.launches.graph, part, calibrations=SHIPPED)
            estimate = energy_of(simulation.timeline, simulation.costs, part)
            assert part.power.board is not None
            assert power_model(part).parameters.idle < estimate.average_power <= part.power.board

    def test_a_small_board_is_held_at_its_limit(self, graph: OpGraph) -> None:
        part = load_accelerator("t4")
        simulation = simulate(graph, part, calibrations=SHIPPED)
        estimate = energy_of(simulation.timeline, simulation.costs, part)
        assert estimate.clock < 0.9
        assert estimate.average_power == pytest.approx(0.98 * 70, rel=0.02)

    def test_a_lower_limit_never_costs_more_energy(self, run: Simulation) -> None:
        energies = [energy_of(run.timeline, run.costs, A100, model=_model(b)).energy for b in (400.0, 300.0, 200.0)]
        assert energies == sorted(energies, reverse=True)

    def test_energy_of_one_output(self, graph: OpGraph) -> None:
        simulation = simulate(replace(graph, workload=replace(graph.workload, batch=8)), A100, calibrations=SHIPPED)
        estimate = energy_of(simulation.timeline, simulation.costs, A100)
        assert estimate.energy_per_output == pytest.approx(estimate.energy / 8)

    def test_contractions_run_on_the_units_of_the_part(self, graph: OpGraph) -> None:
        # P100 has no matrix units: its products cost vector energy.
        part = load_accelerator("p100_pcie_16gb")
        simulation = simulate(graph, part, calibrations=SHIPPED)
        free = _model(None)
        dear = energy_of(simulation.timeline, simulation.costs, part, model=free).energy
        assert dear > energy_of(simulation.timeline, simulation.costs, A100, model=free).energy

    def test_a_part_without_power_is_an_error(self, graph: OpGraph) -> None:
        part = load_accelerator("m1_max_32c")
        simulation = simulate(graph, part, calibrations=SHIPPED)
        with pytest.raises(UnknownPowerError):
            energy_of(simulation.timeline, simulation.costs, part)


class TestInterval:
    def test_without_the_times_it_is_the_scatter_of_power(self) -> None:
        low, high = energy_interval([_work()], _model(None), 2.0, None)
        assert low == pytest.approx(60 * 2 + 400 * math.exp(-0.2))
        assert high == pytest.approx(60 * 2 + 400 * math.exp(0.3))

    def test_at_the_limit_energy_goes_with_time(self) -> None:
        low, high = energy_interval([_work(work=1e6)], _model(spread=(0.0, 0.0)), 2.0, _latency(1.8, 2.2))
        assert low < 800 * 1.8 / 2 * 1.001
        assert high > 800 * 2.2 / 2 * 0.999

    def test_a_shifted_interval_of_time_shifts_the_energys(self) -> None:
        stages, model = [_work(work=1e6)], _model(spread=(0.0, 0.0))
        plain = energy_interval(stages, model, 2.0, _latency(1.8, 2.2))
        later = energy_interval(stages, model, 2.0, _latency(2.2, 2.7))
        assert later[0] > plain[0]
        assert later[1] > plain[1]

    @given(
        st.floats(0.0, 1.0),
        st.floats(0.0, 1e4),
        st.floats(-1.0, 0.0),
        st.floats(0.0, 1.0),
        st.floats(0.5, 1.0),
        st.floats(1.0, 2.0),
    )
    def test_it_holds_the_estimate(
        self, busy: float, work: float, below: float, above: float, early: float, late: float
    ) -> None:
        stages, model = [_work(elapsed=2.0, busy=2 * busy, work=work)], _model(spread=(below, above))
        energy = stage_energy(stages[0], model)
        for interval in (None, _latency(2 * early, 2 * late)):
            low, high = energy_interval(stages, model, 2.0, interval)
            if interval is None:
                assert low <= energy * (1 + 1e-9)
                assert high >= energy * (1 - 1e-9)
            assert 0 < low <= high

    def test_wider_for_hypothetical_parts(self, run: Simulation) -> None:
        def width(name: str, *changes: str) -> float:
            part = apply_overrides(load_accelerator(name), list(changes))
            simulation = simulate(run.launches.graph, part, Execution(mode="cuda-graph"), calibrations=SHIPPED)
            e = energy_of(simulation.timeline, simulation.costs, part, latency_interval=simulation.interval)
            return math.log(e.high / e.low)

        assert width("a100_sxm4_40gb", "memory.dram.capacity=80 GiB") > width("a100_sxm4_40gb")

    def test_no_work_has_no_width(self) -> None:
        assert energy_interval([_work(0.0, 0.0, 0.0)], _model(), 0.0, None) == (0.0, 0.0)


class TestOutput:
    ESTIMATE = EnergyEstimate(
        energy=2400.0,
        energy_per_output=1200.0,
        average_power=400.0,
        low=2000.0,
        high=3000.0,
        by_stage={"unet": 2400.0},
        clock=0.8,
        basis="inherited",
        fitted_on=("runs",),
    )

    def test_json(self) -> None:
        plain = json.loads(json.dumps(self.ESTIMATE.to_dict()))
        assert plain["interval"] == [2000.0, 3000.0]
        assert {"energy", "energy_per_output", "average_power", "interval", "basis"} <= set(plain)
        assert not {"low", "high"} & set(plain)

    def test_line(self) -> None:
        line = energy_line(self.ESTIMATE)
        assert line.startswith("1.2 kJ per output   80 % interval 1 kJ to 1.5 kJ, 400 W on average")
        assert "clock held at 80 % by the power limit" in line
        assert "carried over from energies of a related part by process" in line

    def test_line_says_where_only_a_datasheet_stands(self, graph: OpGraph) -> None:
        part = load_accelerator("mi300x")
        simulation = simulate(graph, part, calibrations=SHIPPED)
        line = energy_line(energy_of(simulation.timeline, simulation.costs, part))
        assert "datasheet" in line
        assert "not measured" in line

    @pytest.mark.parametrize(("value", "text"), [(0.25, "250 mJ"), (12.0, "12 J"), (2.5e6, "2.5 MJ")])
    def test_scales(self, value: float, text: str) -> None:
        one = replace(self.ESTIMATE, energy=value, energy_per_output=value, low=value, high=value)
        assert energy_line(one).startswith(f"{text} per output")


def test_nothing_imports_scipy_at_run_time() -> None:
    import subprocess
    import sys

    code = "import sys, simulator.energy.run; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603


def test_energies_are_finite_for_all_formats(run: Simulation) -> None:
    assert np.isfinite(kernel_energies(run.kernels, A100, _model().parameters)).all()
