from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from hw_specs import CalibrationPool, load_accelerator
from hw_specs.energy_calibration import EnergyParameters
from simulator.kernels import Attention, AttentionAlgorithm, KernelTables, Product
from validation.energy.fit import (
    LIMIT_SHARE,
    RunAmounts,
    fit_operators,
    fit_runs,
    known_model,
    operator_power,
    published_parameters,
    run_amounts,
    run_energy,
    today,
)
from validation.energy.logs import PowerLog
from validation.energy.measured import EnergyRun, MeasuredPower
from validation.measured.tables import MeasuredKernels

GB200 = load_accelerator("gb200")
A100 = load_accelerator("a100_sxm4_40gb")
TRUE = EnergyParameters(
    idle=200,
    active=250,
    matrix=4e-13,
    vector=2.75e-12,
    special=1.1e-11,
    score=2e-10,
    dram=4e-11,
    cache=1e-11,
    limit=LIMIT_SHARE,
)


def _rows(count: int = 240, visible: float = 0.8) -> MeasuredPower:
    """Products and attention of random rates, with readings that hold a share of the row before."""
    rng = np.random.default_rng(1)
    latency, kernels = rng.uniform(1e-3, 3e-3, count), []
    for k, seconds in enumerate(latency):
        fused = k % 3 == 0
        traffic = rng.uniform(0.1, 5e12) * seconds
        flops = rng.uniform(5e13, 1e15) * seconds
        work = {"name": "kernel", "number_format": "bf16", "bytes_read": 1e9 + traffic}
        if fused:
            work |= {"matrix_flops": 0.3 * flops, "special_ops": 0.3 * flops / 256}
            extents = {"num_heads": 1, "query_length": 1, "key_length": 1, "head_dim": 1, "value_dim": 1}
            kernels.append(Attention(algorithm=AttentionAlgorithm.FLASH2, **work, **extents))
        else:
            kernels.append(Product(matrix_flops=flops, m=1, n=1, k=1, **work))
    measured = MeasuredKernels(
        accelerator=GB200,
        device="NVIDIA GB200",
        op=("aten::linear",) * count,
        dtype=("bfloat16",) * count,
        source=("aiconfigurator",) * count,
        shapes=tuple(str(k) for k in range(count)),
        attributes=("{}",) * count,
        latency=latency,
        kernels=KernelTables.from_kernels(kernels),
        row=np.arange(count),
        skipped=Counter(),
    )
    rows = MeasuredPower(
        measured=measured, power=np.ones(count), before=np.ones(count), visible=np.full(count, visible)
    )
    own = operator_power(rows, TRUE)
    before = np.concatenate((own[:1], own[:-1]))
    return replace(rows, power=visible * own + (1 - visible) * before, before=before)


def _run(busy: float, flops: float, *, latency: float = 2.0, measured: float | None = None) -> RunAmounts:
    amounts = {name: np.zeros(1) for name in ("vector", "special", "score", "dram", "cache")}
    run = RunAmounts(
        run=EnergyRun(
            model="sdxl", settings={}, device=A100.name, latency=measured or latency, energy=1.0, source="a meter"
        ),
        accelerator=A100,
        latency=latency,
        interval=None,
        elapsed=np.array([latency]),
        busy=np.array([busy]),
        amounts={"matrix": np.array([flops]), **amounts},
    )
    return run


def _with_energy(run: RunAmounts, parameters: EnergyParameters) -> RunAmounts:
    energy = run_energy(run, known_model(A100, parameters), measured_time=True)
    return replace(run, run=replace(run.run, energy=energy))


def test_power_of_a_row_by_hand() -> None:
    rows = _rows(3)
    table, seconds = rows.measured.kernels, rows.measured.latency[1]
    traffic = float(table.bytes[1])
    expected = 200 + 250 + (4e-13 * table.matrix_flops[1] + (4e-11 + 1e-11) * traffic) / seconds
    assert operator_power(rows, TRUE)[1] == pytest.approx(min(expected, 0.98 * 1200))


def test_operators_give_their_parameters_back() -> None:
    found = fit_operators(_rows(), idle=200.0)
    assert found.active == pytest.approx(TRUE.active, rel=0.02)
    assert found.matrix == pytest.approx(TRUE.matrix, rel=0.02)
    assert found.dram == pytest.approx(TRUE.dram, rel=0.02)
    assert found.score == pytest.approx(TRUE.score, rel=0.05)
    assert found.vector == TRUE.vector


def test_rows_that_are_hardly_to_be_seen_do_not_count() -> None:
    rows = _rows()
    spoilt = replace(rows, power=np.where(np.arange(len(rows)) % 2, rows.power, 1000.0))
    hidden = replace(spoilt, visible=np.where(np.arange(len(rows)) % 2, rows.visible, 0.01))
    assert fit_operators(hidden, idle=200.0).active == pytest.approx(TRUE.active, rel=0.05)


def test_runs_give_their_parameters_back() -> None:
    true = published_parameters(A100).model_copy(update={"active": 180.0, "matrix": 5e-13})
    runs = [_with_energy(_run(busy, flops), true) for busy, flops in ((1.9, 1e14), (1.2, 1e14), (1.8, 1.5e14))]
    found = fit_runs(runs)
    assert found.active == pytest.approx(180.0, rel=0.01)
    assert found.matrix == pytest.approx(5e-13, rel=0.01)


def test_a_ceiling_tells_a_flop_from_running_cores() -> None:
    true = published_parameters(A100).model_copy(update={"active": 180.0, "matrix": 5e-13})
    # Runs that are all alike cannot.
    runs = [_with_energy(_run(1.9, 2e14), true)] * 3
    high, low = fit_runs(runs, 280e12), fit_runs(runs, 200e12)
    assert low.matrix > high.matrix
    assert low.active < high.active


def test_slower_kernels_and_a_slower_host() -> None:
    elapsed, busy = _run(1.5, 0.0, latency=2.0, measured=2.2).at_measured_time()
    assert (elapsed[0], busy[0]) == pytest.approx((2.2, 1.65))
    elapsed, busy = _run(1.5, 0.0, latency=2.0, measured=4.0).at_measured_time()
    assert (elapsed[0], busy[0]) == pytest.approx((4.0, 1.5))
    elapsed, busy = _run(2.0, 0.0, latency=2.0, measured=1.0).at_measured_time()
    assert (elapsed[0], busy[0]) == pytest.approx((1.0, 1.0))


def test_energy_at_both_times_by_hand() -> None:
    p = published_parameters(A100).model_copy(update={"active": 100.0, "matrix": 1e-12})
    run, model = _run(1.0, 5e13, latency=2.0, measured=2.4), known_model(A100, p)
    assert run_energy(run, model, measured_time=False) == pytest.approx(66 * 2.0 + 100 * 1.0 + 50)
    assert run_energy(run, model, measured_time=True) == pytest.approx(66 * 2.4 + 100 * 1.2 + 50)


def test_a_log_gives_idle_power_and_the_limit() -> None:
    log = PowerLog(idle=58.1234, limited=388.0, clock=1.2e9, samples=100)
    found = published_parameters(A100, log)
    assert found.idle == 58.12
    assert found.limit == pytest.approx(388 / 400)
    assert published_parameters(A100).idle == pytest.approx(66)


def test_amounts_of_a_simulated_run() -> None:
    run = EnergyRun(
        model="stable-diffusion", settings={}, device="A100-SXM4-40GB", latency=1.5, energy=500.0, source="none"
    )
    found = run_amounts(run, calibrations=CalibrationPool.shipped())
    assert found.elapsed.sum() == pytest.approx(found.latency)
    assert (found.busy <= found.elapsed + 1e-12).all()
    assert found.amounts["matrix"].sum() == pytest.approx(8.29e13, rel=0.05)
    assert found.interval is not None


def test_a_fit_has_a_day() -> None:
    assert today().year >= 2026
