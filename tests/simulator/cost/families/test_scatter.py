import pytest

from simulator.cost.families import group_cost
from simulator.kernels import Scatter


def test_scattered_rows_wait_for_their_blocks(hardware, table):
    # 512 threads a row: four blocks on each of 100 cores; 4000 rows are ten waves of 1.5 microseconds, and the latency
    # comes on top of 8 MB at 80 % of 1 TB/s.
    rows = table(Scatter, rows=4000.0, row_length=512.0, bytes_read=8e6)
    assert group_cost("scatter", rows, hardware()).time[0, 0] == pytest.approx(1.5e-6 + 15e-6 + 10e-6)


def test_cores_hold_more_blocks_of_short_rows(hardware, table):
    long, short, shorter, shortest = (
        group_cost("scatter", table(Scatter, rows=16000.0, row_length=n), hardware()).time[0, 0]
        for n in (512.0, 128.0, 64.0, 32.0)
    )
    assert long - short == pytest.approx(45e-6)  # 40 waves of 1.5 microseconds against 10
    assert short - shorter == pytest.approx(7.5e-6)  # 10 against 5
    assert shorter == shortest  # 32 blocks are the most of a core


def test_blocks_fill_a_core_as_far_as_they_are_whole(hardware, table):
    # 200 threads: ten blocks of 2048 on each of 100 cores; 1001 rows are two waves.
    rows = table(Scatter, rows=1001.0, row_length=200.0)
    assert group_cost("scatter", rows, hardware()).terms["row latency"][0, 0] == pytest.approx(3e-6)


def test_rows_that_are_touched_stay_in_the_cache(hardware, table):
    # Half of the input was touched, and 12 MB fit 40.
    rows = table(Scatter, rows=1.0, row_length=512.0, bytes_read=8e6, bytes_written=4e6, resident_bytes=4e6)
    assert group_cost("scatter", rows, hardware()).terms["DRAM traffic"][0, 0] == pytest.approx(6e6 / 0.8e12)
