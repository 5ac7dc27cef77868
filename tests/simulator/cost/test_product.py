import numpy as np
import pytest

from simulator.cost import HardwareColumns
from simulator.cost.product import Problem, product_cost


def _problem(m, n, k, *, hardware: HardwareColumns, batch=1.0) -> Problem:
    column = [np.array([float(x)]) for x in (batch, m, n, k)]
    names = dict(zip(("batch", "m", "n", "k"), column, strict=True))
    return Problem(
        **names,
        itemsize=np.array([2.0]),
        reads=np.array([batch * (m + n) * k * 2.0]),
        writes=np.array([batch * m * n * 2.0]),
        kept=np.zeros((1, len(hardware))),
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
    cost = product_cost(_problem(25600, 128, 65536, hardware=part), part, group="matmul", role="matrix")
    assert cost.arithmetic[0, 0] == pytest.approx(2 * 25600 * 128 * 65536 / 100e12)


def test_one_block_more_costs_a_round(hardware):
    part = hardware().with_parameters({**_IDEAL, "matmul.store": 20.0})
    full = product_cost(_problem(25600, 128, 8192, hardware=part), part, group="matmul", role="matrix")
    more = product_cost(_problem(25601, 128, 8192, hardware=part), part, group="matmul", role="matrix")
    assert more.time[0, 0] > 1.1 * full.time[0, 0]


def test_small_outputs_split_the_reduced_length(hardware):
    part = hardware()
    long = product_cost(_problem(128, 128, 65536, hardware=part), part, group="matmul", role="matrix")
    short = product_cost(_problem(128, 128, 256, hardware=part), part, group="matmul", role="matrix")
    assert long.splits[0, 0] > 1
    assert short.splits[0, 0] == 1


def test_streaming_weights_runs_at_dram_speed(hardware):
    part = hardware()
    cost = product_cost(_problem(1, 16384, 16384, hardware=part), part, group="matmul", role="matrix")
    weights = 16384 * 16384 * 2 / (0.8 * 1e12)
    assert cost.dram[0, 0] == pytest.approx(weights, rel=0.01)
    assert cost.time[0, 0] == pytest.approx(weights, rel=0.1)


def test_chunks_do_not_change_the_result(hardware):
    part = hardware()
    sizes = [(m, 1024.0, 512.0) for m in range(1, 4000, 37)]
    single = [product_cost(_problem(*s, hardware=part), part, group="matmul", role="matrix").time[0, 0] for s in sizes]
    problems = [_problem(*s, hardware=part) for s in sizes]
    joined = Problem(
        **{name: np.concatenate([getattr(p, name) for p in problems]) for name in Problem.__dataclass_fields__}
    )
    assert product_cost(joined, part, group="matmul", role="matrix").time[:, 0] == pytest.approx(single)
