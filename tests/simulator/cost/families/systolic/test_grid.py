import numpy as np
import pytest

from hw_specs import load_architecture
from simulator.cost.families.systolic.grid import Grid, grid_time


def _time(name, *, batch=1.0, m, n, k, peak=1e12):
    columns = (np.array([[float(value)]]) for value in (batch, m, n, k))
    names = ("batch", "m", "n", "k")
    grid = Grid.of([load_architecture(name)])
    return grid_time(grid, **dict(zip(names, columns, strict=True)), peak=np.array([[peak]]))[0, 0]


def test_sides_that_fill_the_grid_run_at_the_published_rate():
    assert _time("tpu_v5e", m=1024, n=512, k=256) == pytest.approx(2 * 1024 * 512 * 256 / 1e12)


def test_a_head_of_64_leaves_three_quarters_of_a_wide_grid_idle():
    # 256 x 256 is filled to a quarter by the reduced length of 64, which takes all of its rows.
    full = 2 * 4096 * 4096 * 64 / 1e12
    assert _time("tpu_v6e", m=4096, n=4096, k=64) == pytest.approx(4 * full)
    assert _time("tpu_v5e", m=4096, n=4096, k=64) == pytest.approx(2 * full)


def test_a_single_row_waits_for_the_blocks_that_the_grid_keeps():
    # One row pads to eight, but the next block takes 128 clocks to come: as long as 128 rows.
    assert _time("tpu_v5e", m=1, n=1024, k=1024) == pytest.approx(_time("tpu_v5e", m=128, n=1024, k=1024))


def test_the_operand_that_is_kept_is_the_one_that_takes_less():
    # 8 x 4096 by 4096 x 128: as rows that stream, 32 blocks of 128 clocks; kept, 32 blocks past which 128 columns go.
    assert _time("tpu_v5e", m=2048, n=8, k=128) == pytest.approx(_time("tpu_v5e", m=8, n=2048, k=128))


def test_a_grid_that_keeps_sums_pads_rows_and_columns_and_no_reduced_length():
    assert _time("gaudi2", m=256, n=256, k=1000) == pytest.approx(2 * 256 * 256 * 1000 / 1e12)
    assert _time("gaudi2", m=256, n=64, k=1000) == pytest.approx(2 * 256 * 256 * 1000 / 1e12)


def test_short_sums_wait_for_the_block_before_to_leave():
    assert _time("gaudi2", m=256, n=256, k=40) == pytest.approx(2 * 256 * 256 * 128 / 1e12)
