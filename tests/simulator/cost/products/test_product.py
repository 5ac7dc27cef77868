import math
from dataclasses import replace

import numpy as np
import pytest

from hw_specs import CalibrationPool, apply_overrides, load_accelerator
from simulator.cost import hardware_columns
from simulator.cost.families.family import parameters_of
from simulator.cost.families.matmul import MATMUL
from simulator.cost.products import Problem, product_cost

_IDEAL = {
    "matmul.rate": 1.0,
    "matmul.feed": 0.0,
    "matmul.floor": 0.0,
}


def test_one_full_wave_takes_the_time_of_one_tile(problem, hardware):
    # 25600 x 128 in tiles of 256 x 128 are 100 blocks on 100 cores of 1 TFLOP/s each.
    part = hardware().with_parameters(_IDEAL)
    cost = product_cost(problem(25600, 128, 65536, hardware=part), part, parameters_of(part, MATMUL), role="matrix")
    assert cost.arithmetic[0, 0] == pytest.approx(2 * 25600 * 128 * 65536 / 100e12)


def test_one_block_more_costs_a_round(problem, hardware):
    part = hardware().with_parameters({**_IDEAL, "matmul.store": 20.0})
    full = product_cost(problem(25600, 128, 8192, hardware=part), part, parameters_of(part, MATMUL), role="matrix")
    more = product_cost(problem(25601, 128, 8192, hardware=part), part, parameters_of(part, MATMUL), role="matrix")
    assert more.time[0, 0] > 1.1 * full.time[0, 0]


def test_small_outputs_split_the_reduced_length(problem, hardware):
    part = hardware()
    long = product_cost(problem(128, 128, 65536, hardware=part), part, parameters_of(part, MATMUL), role="matrix")
    short = product_cost(problem(128, 128, 256, hardware=part), part, parameters_of(part, MATMUL), role="matrix")
    assert long.splits[0, 0] > 1
    assert short.splits[0, 0] == 1


def test_streaming_weights_runs_at_dram_speed(problem, hardware):
    part = hardware()
    cost = product_cost(problem(1, 16384, 16384, hardware=part), part, parameters_of(part, MATMUL), role="matrix")
    weights = 16384 * 16384 * 2 / (0.9 * 0.95 * 1e12)  # nine tenths of what reads reach
    assert cost.dram[0, 0] == pytest.approx(weights, rel=0.01)
    assert cost.time[0, 0] == pytest.approx(weights, rel=0.1)


def test_chunks_do_not_change_the_result(problem, hardware):
    part = hardware()
    sizes = [(m, 1024.0, 512.0) for m in range(1, 4000, 37)]
    single = [
        product_cost(problem(*s, hardware=part), part, parameters_of(part, MATMUL), role="matrix").time[0, 0]
        for s in sizes
    ]
    problems = [problem(*s, hardware=part) for s in sizes]
    names = [name for name in Problem.__dataclass_fields__ if name not in ("access", "gathered")]
    joined = Problem(**{name: np.concatenate([getattr(p, name) for p in problems]) for name in names})
    assert product_cost(joined, part, parameters_of(part, MATMUL), role="matrix").time[:, 0] == pytest.approx(single)


def test_odd_rows_move_element_by_element(problem, hardware):
    # 100 blocks of 128 x 128 on 100 cores: 256 x 64 elements come in, four in a clock of 1 ns, and
    # 16,384 go out at twice that rate.
    part = hardware().with_parameters(_IDEAL)
    wide = problem(12800, 128, 64, hardware=part)
    narrow = replace(wide, access=np.array([2.0]))
    cost = product_cost(narrow, part, parameters_of(part, MATMUL), role="matrix")
    assert (cost.tile_rows[0, 0], cost.tile_columns[0, 0]) == (128, 128)
    placed = 16384 * 2 * (1 / 2 - 1 / 16) / 8 * 1e-9
    assert cost.arithmetic[0, 0] == pytest.approx(256 * 64 / 4 * 1e-9 + placed)
    assert cost.time[0, 0] > 1.3 * product_cost(wide, part, parameters_of(part, MATMUL), role="matrix").time[0, 0]


def test_the_fastest_choice_is_taken(cost, library):
    tiles, splits = ((128, 64), (64, 64), (64, 128)), (1, 2, 4)
    for shape in ((4096.0, 4096.0, 512.0), (128.0, 64.0, 65536.0), (64.0, 4096.0, 512.0), (300.0, 500.0, 2048.0)):
        each = [cost(*shape, library=library(t, splits=(1, s))) for t in tiles for s in splits]
        chosen, best = cost(*shape, library=library(*tiles, splits=splits)), min(each, key=lambda found: found.time)
        for name in ("time", "tile_rows", "tile_columns", "splits"):
            assert getattr(chosen, name) == getattr(best, name)


@pytest.mark.parametrize(("access", "rows"), [(16.0, 129), (8.0, 128), (2.0, 128)])
def test_long_tiles_need_accesses_of_full_width(cost, library, access, rows):
    # 100 blocks of 129 rows are a wave, 101 of 128 are two; the longer tiles have accesses of 16 B alone.
    tiles = library((129, 128), (128, 128), resident=1)
    found = cost(12900.0, 128.0, 65536.0, library=tiles, problem={"access": np.array([access])})
    assert (found.tile_rows, found.tile_columns) == (rows, 128)


def test_each_accelerator_has_the_library_of_its_own(problem):
    def columns(*names):
        return hardware_columns([load_accelerator(n) for n in names], calibrations=CalibrationPool.empty())

    def times(shape, part):
        return product_cost(problem(*shape, hardware=part), part, parameters_of(part, MATMUL), role="matrix").time[0]

    for shape in ((8192, 320, 2880), (77, 1280, 768)):
        a100, h100 = times(shape, columns("a100")), times(shape, columns("h100"))
        assert times(shape, columns("a100", "h100", "a100")).tolist() == [*a100, *h100, *a100]


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
def test_more_cores_never_slow_a_product_down(problem, name, unit, group):
    accelerator = load_accelerator(name)
    formats = accelerator.peak.matrix if unit == "matrix" else accelerator.peak.vector
    number_format = "fp16" if unit == "matrix" else "fp32"
    assert number_format in formats

    role = "matrix" if unit == "matrix" else group

    def times(cores: int) -> np.ndarray:
        part = hardware_columns(
            [apply_overrides(accelerator, [f"cores.count={cores}"])], calibrations=CalibrationPool.shipped()
        )
        problems = [problem(m, n, k, hardware=part, batch=float(batch)) for batch, m, n, k in _SHAPES]
        peak = part.rates(unit, [number_format])
        costs = [product_cost(replace(p, peak=peak), part, part.parameters[group], role=role) for p in problems]
        return np.array([cost.time[0, 0] for cost in costs])

    count = accelerator.cores.count
    base = times(count)
    for factor in (1.1, 1.5, 2, 4):
        assert (times(math.ceil(count * factor)) <= base * (1 + 1e-9)).all()
