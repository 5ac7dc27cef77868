import math
from dataclasses import replace

import numpy as np
import pytest

from hw_specs import CalibrationPool, apply_overrides, load_accelerator
from simulator.cost import HardwareColumns, hardware_columns
from simulator.cost.family import parameters_of
from simulator.cost.matmul import MATMUL
from simulator.cost.product import Problem, product_cost


def _problem(m, n, k, *, hardware: HardwareColumns, batch=1.0) -> Problem:
    column = [np.array([float(x)]) for x in (batch, m, n, k)]
    names = dict(zip(("batch", "m", "n", "k"), column, strict=True))
    return Problem(
        **names,
        itemsize=np.array([2.0]),
        reads=np.array([batch * (m + n) * k * 2.0]),
        writes=np.array([batch * m * n * 2.0]),
        hit_rate=np.zeros((1, len(hardware))),
        flops=np.array([2.0 * batch * m * n * k]),
        peak=hardware.rates("matrix", ["bf16"]),
    )


_IDEAL = {
    "matmul.rate": 1.0,
    "matmul.feed": 0.0,
    "matmul.fill": 0.0,
    "matmul.iteration": 0.0,
    "matmul.floor": 0.0,
}


def test_one_full_wave_takes_the_time_of_one_tile(hardware):
    # 25600 x 128 in tiles of 256 x 128 are 100 blocks on 100 cores of 1 TFLOP/s each.
    part = hardware().with_parameters(_IDEAL)
    cost = product_cost(_problem(25600, 128, 65536, hardware=part), part, parameters_of(part, MATMUL), role="matrix")
    assert cost.arithmetic[0, 0] == pytest.approx(2 * 25600 * 128 * 65536 / 100e12)


def test_one_block_more_costs_a_round(hardware):
    part = hardware().with_parameters({**_IDEAL, "matmul.store": 20.0})
    full = product_cost(_problem(25600, 128, 8192, hardware=part), part, parameters_of(part, MATMUL), role="matrix")
    more = product_cost(_problem(25601, 128, 8192, hardware=part), part, parameters_of(part, MATMUL), role="matrix")
    assert more.time[0, 0] > 1.1 * full.time[0, 0]


def test_small_outputs_split_the_reduced_length(hardware):
    part = hardware()
    long = product_cost(_problem(128, 128, 65536, hardware=part), part, parameters_of(part, MATMUL), role="matrix")
    short = product_cost(_problem(128, 128, 256, hardware=part), part, parameters_of(part, MATMUL), role="matrix")
    assert long.splits[0, 0] > 1
    assert short.splits[0, 0] == 1


def test_streaming_weights_runs_at_dram_speed(hardware):
    part = hardware()
    cost = product_cost(_problem(1, 16384, 16384, hardware=part), part, parameters_of(part, MATMUL), role="matrix")
    weights = 16384 * 16384 * 2 / (0.9 * 0.95 * 1e12)  # nine tenths of what reads reach
    assert cost.dram[0, 0] == pytest.approx(weights, rel=0.01)
    assert cost.time[0, 0] == pytest.approx(weights, rel=0.1)


def test_chunks_do_not_change_the_result(hardware):
    part = hardware()
    sizes = [(m, 1024.0, 512.0) for m in range(1, 4000, 37)]
    single = [
        product_cost(_problem(*s, hardware=part), part, parameters_of(part, MATMUL), role="matrix").time[0, 0]
        for s in sizes
    ]
    problems = [_problem(*s, hardware=part) for s in sizes]
    names = [name for name in Problem.__dataclass_fields__ if name != "access"]
    joined = Problem(**{name: np.concatenate([getattr(p, name) for p in problems]) for name in names})
    assert product_cost(joined, part, parameters_of(part, MATMUL), role="matrix").time[:, 0] == pytest.approx(single)


def test_odd_rows_move_element_by_element(hardware):
    # 100 blocks of 128 x 128 on 100 cores: 256 x 64 elements come in, four in a clock of 1 ns, and
    # 16,384 go out at twice that rate.
    part = hardware().with_parameters(_IDEAL)
    wide = _problem(12800, 128, 64, hardware=part)
    narrow = replace(wide, access=np.array([2.0]))
    cost = product_cost(narrow, part, parameters_of(part, MATMUL), role="matrix")
    assert (cost.tile_rows[0, 0], cost.tile_columns[0, 0]) == (128, 128)
    placed = 16384 * 2 * (1 / 2 - 1 / 16) / 8 * 1e-9
    assert cost.arithmetic[0, 0] == pytest.approx(256 * 64 / 4 * 1e-9 + placed)
    assert cost.time[0, 0] > 1.3 * product_cost(wide, part, parameters_of(part, MATMUL), role="matrix").time[0, 0]


def test_the_power_limit_acts_on_work_and_not_on_idle_cores(hardware):
    # 50 blocks on 100 cores draw half the power, which the limit just pays for.
    limits = {"matmul.energy": 1e-12, "matmul.throttle_time": 2e-5}
    part = replace(hardware().with_parameters({**_IDEAL, **limits}), power=np.array([50.0]))
    full = product_cost(_problem(25600, 128, 65536, hardware=part), part, parameters_of(part, MATMUL), role="matrix")
    half = product_cost(_problem(12800, 128, 65536, hardware=part), part, parameters_of(part, MATMUL), role="matrix")
    boost = 2 * 25600 * 128 * 65536 / 100e12
    assert full.arithmetic[0, 0] == pytest.approx(2 * boost)
    assert half.arithmetic[0, 0] == pytest.approx(boost)


_SHAPES = [
    (1, 4096, 4096, 4096),
    (1, 1536, 12288, 3072),
    (1, 8192, 320, 2880),
    (1, 77, 1280, 768),
    (1, 3, 16384, 5120),
    (16, 4096, 4096, 40),
    (96, 3137, 64, 3137),
    (300, 49, 49, 64),
]


@pytest.mark.parametrize("name", ["V100-PCIe-32GB", "T4", "A100-SXM4-80GB", "L40S", "H100-SXM5-80GB", "B200", "MI300X"])
@pytest.mark.parametrize(("unit", "group"), [("matrix", "matmul"), ("vector", "vector_batched")])
def test_more_cores_never_slow_a_product_down(name, unit, group):
    accelerator = load_accelerator(name)
    formats = accelerator.peak.matrix if unit == "matrix" else accelerator.peak.vector
    number_format = "fp16" if unit == "matrix" else "fp32"
    assert number_format in formats

    role = "matrix" if unit == "matrix" else group

    def times(cores: int) -> np.ndarray:
        part = hardware_columns(
            [apply_overrides(accelerator, [f"cores.count={cores}"])], calibrations=CalibrationPool.shipped()
        )
        problems = [_problem(m, n, k, hardware=part, batch=float(batch)) for batch, m, n, k in _SHAPES]
        peak = part.rates(unit, [number_format])
        costs = [product_cost(replace(p, peak=peak), part, part.parameters[group], role=role) for p in problems]
        return np.array([cost.time[0, 0] for cost in costs])

    count = accelerator.cores.count
    base = times(count)
    for factor in (1.1, 1.5, 2, 4):
        assert (times(math.ceil(count * factor)) <= base * (1 + 1e-9)).all()
