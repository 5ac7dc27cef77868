import pytest

from simulator.cost.stream import scatter_cost, stream_cost
from simulator.kernels import AccessPattern, Implementation, KernelFamily


def test_large_streams_run_at_the_reached_bandwidth(hardware, table):
    add = table(bytes_read=8e9, bytes_written=4e9, m=1e9)
    assert stream_cost("stream", add, hardware()).time[0, 0] == pytest.approx(2e-6 + 12e9 / (0.86 * 1e12))


def test_patterns_are_ordered(hardware, table):
    times = [
        stream_cost("stream", table(family=KernelFamily.COPY, bytes_read=1e9, bytes_written=1e9, pattern=p), hardware())
        for p in (AccessPattern.CONTIGUOUS, AccessPattern.STRIDED, AccessPattern.TRANSPOSED)
    ]
    plain, strided, transposed = (cost.time[0, 0] for cost in times)
    assert plain < strided < transposed


def test_single_elements_are_bound_by_their_indices(hardware, table):
    # 100 cores at 1 GHz place 1.35 elements a cycle each: 1.35e9 elements take 10 ms, their 2.7 GB 3.1 ms.
    columns = {"bytes_read": 2.7e9, "m": 1.35e9, "pattern": AccessPattern.BROADCAST}
    cores = hardware()
    seconds = 1.35e9 / (1.35 * cores.cores[0] * cores.clock[0])
    assert stream_cost("stream", table(**columns), cores).time[0, 0] == pytest.approx(2e-6 + seconds)


def test_generated_chains_have_their_indices_inlined(hardware, table):
    columns = {"bytes_read": 2.7e9, "m": 1.35e9, "pattern": AccessPattern.BROADCAST}
    chain = table(**columns, implementation=Implementation.FUSED_CHAIN)
    assert stream_cost("stream", chain, hardware()).time[0, 0] == pytest.approx(2e-6 + 2.7e9 / (0.86 * 1e12))


def test_few_bytes_do_not_fill_the_machine(hardware, table):
    # 16 kB are two blocks: two cores of 30 GB/s.
    small = table(bytes_read=16384.0, m=4096.0)
    assert stream_cost("stream", small, hardware()).time[0, 0] == pytest.approx(2e-6 + 16384 / 6e10)


def test_scattered_rows_wait_for_their_blocks(hardware, table):
    # 512 threads a row: four blocks on each of 100 cores; 4000 rows are ten rounds of 1.5 microseconds, and the latency
    # comes on top of 8 MB at 80 % of 1 TB/s.
    rows = table(family=KernelFamily.GATHER, pattern=AccessPattern.STRIDED, m=4000.0, n=512.0, bytes_read=8e6)
    assert scatter_cost("scatter", rows, hardware()).time[0, 0] == pytest.approx(1.5e-6 + 15e-6 + 10e-6)


def test_cores_hold_more_blocks_of_short_rows(hardware, table):
    long, short, shorter = (
        scatter_cost(
            "scatter", table(family=KernelFamily.GATHER, pattern=AccessPattern.STRIDED, m=16000.0, n=n), hardware()
        ).time[0, 0]
        for n in (512.0, 128.0, 64.0)
    )
    assert long - short == pytest.approx(45e-6)  # 40 rounds of 1.5 microseconds against 10
    assert short == shorter
