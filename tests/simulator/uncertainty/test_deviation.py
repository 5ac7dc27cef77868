from __future__ import annotations

import math

import numpy as np
import pytest

from hw_specs import CalibrationPool, load_accelerator
from simulator.execution import Execution
from simulator.kernels import KernelTables
from simulator.simulation import simulate
from simulator.uncertainty.deviation import (
    RunDeviation,
    group_correlation,
    run_deviation,
    summed_deviation,
)
from tracer.library.graphs import graph_of

from .conftest import calibration, product, residuals

SHIPPED = CalibrationPool.shipped()


def deviation(correlation: float, **changes: object) -> RunDeviation:
    columns: dict[str, object] = {
        "kernel": np.array([0, 0, 1]),
        "execution": np.array([1.0, 1.0, 2.0]),
        "waiting": np.zeros(3),
        "group": np.array([0, 0, 1]),
        "common": np.array([0.1, 0.1, 0.2]),
        "spread": np.zeros(3),
        "kernels": KernelTables.from_kernels([]),
    }
    return RunDeviation(correlation=correlation, **(columns | changes))  # type: ignore[arg-type]


def test_common_parts_of_two_groups_by_hand() -> None:
    # 0.2 s of the first group's 2 s and 0.4 s of the second's: 0.6 together, sqrt(0.04 + 0.16) apart, over 4 s.
    assert deviation(1.0).relative() == pytest.approx(0.6 / 4)
    assert deviation(0.0).relative() == pytest.approx(math.sqrt(0.2) / 4)
    assert deviation(0.5).relative() == pytest.approx(math.sqrt(0.5 * 0.36 + 0.5 * 0.2) / 4)


def test_launches_of_one_kernel_are_off_together_and_others_apart() -> None:
    spread = np.array([0.1, 0.1, 0.2])
    run = deviation(1.0, common=np.zeros(3), spread=spread)
    assert run.relative() == pytest.approx(math.sqrt(0.2**2 + 0.4**2) / 4)


def test_waiting_for_the_host_is_as_uncertain_as_hosts_are() -> None:
    run = deviation(1.0, common=np.zeros(3), waiting=np.array([4.0, 0.0, 0.0]))
    assert run.relative() == pytest.approx(0.5 * math.log(1.7) / 2.563)


def test_a_part_of_a_run_has_its_own_deviation() -> None:
    run = deviation(1.0)
    assert run.relative(np.array([2])) == pytest.approx(0.2)
    assert run.relative(np.array([True, True, False])) == pytest.approx(0.1)
    assert run.relative(np.zeros(3, dtype=bool)) == 0.0


def test_deviations_of_parts_are_those_of_each_part() -> None:
    run = deviation(0.5, spread=np.array([0.3, 0.3, 0.1]), waiting=np.array([0.0, 0.5, 0.25]), apart=0.1)
    parts = [np.array([1]), np.array([0, 2]), np.array([0, 1, 2]), np.zeros(0, dtype=np.int64)]
    np.testing.assert_allclose(run.relative_of(parts), [run.relative(part) for part in parts], rtol=1e-14)


@pytest.mark.parametrize(
    ("medians", "expected"),
    [(((0.1, 0.1), (-0.2, -0.2)), 1.0), (((0.1, -0.1), (0.2, -0.2)), 0.0), (((0.1, 0.3),), 0.06 / 0.1)],
)
def test_correlation_of_groups_on_parts_left_out(medians: tuple[tuple[float, ...], ...], expected: float) -> None:
    entries = [
        calibration(f"p{i}", *(residuals(f"g{j}", "left_out_device", m, 0.1) for j, m in enumerate(row)))
        for i, row in enumerate(medians)
    ]
    assert group_correlation(CalibrationPool.of(*entries)) == pytest.approx(expected)


def test_nothing_known_of_correlation_is_full_correlation() -> None:
    assert (
        group_correlation(CalibrationPool.of(calibration("p", residuals("matmul", "left_out_device", 0.1, 0.1)))) == 1.0
    )


def test_the_deviation_of_a_table_does_not_depend_on_launches() -> None:
    part = load_accelerator("h100")
    few, many = (summed_deviation(product(n), np.array([1e-3]), part, calibrations=SHIPPED) for n in (1.0, 50.0))
    assert few == pytest.approx(many)
    assert few > 0


def test_a_run_without_a_host_deviates_as_the_sum_of_its_kernels() -> None:
    part = load_accelerator("a100")
    simulation = simulate(graph_of("stable-diffusion", {}), part, Execution(mode="cuda-graph"), calibrations=SHIPPED)
    times = simulation.costs.time[:, 0]
    run = run_deviation(simulation.timeline, simulation.kernels, times, part, calibrations=SHIPPED)
    free = RunDeviation(
        kernel=run.kernel,
        execution=run.execution,
        waiting=np.zeros_like(run.waiting),
        group=run.group,
        common=run.common,
        spread=run.spread,
        correlation=run.correlation,
        kernels=run.kernels,
    )
    assert free.relative() == pytest.approx(summed_deviation(simulation.kernels, times, part, calibrations=SHIPPED))


def test_shipped_residuals_tell_a_correlation() -> None:
    assert 0 <= group_correlation(CalibrationPool.shipped()) <= 1
