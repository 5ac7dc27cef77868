import pytest

from hw_specs import CalibrationPool, load_accelerator
from simulator.cost import BOUNDS, hardware_columns
from simulator.cost.families import group_cost
from simulator.kernels import RowKind, RowWise


@pytest.fixture
def rowwise(table):
    def build(kind, rows, width, **options):
        moved = rows * width * 4.0
        return table(
            RowWise,
            kind=kind,
            rows=rows,
            row_length=width,
            bytes_read=moved,
            bytes_written=moved,
            itemsize=4.0,
            **options,
        )

    return build


# The made-up part has 100 cores of 1 GHz with 50 vector lanes each.
_WIDTH = 50 / 64


def test_narrow_softmax_is_a_stream(hardware, rowwise):
    kernel = rowwise(RowKind.SOFTMAX, 1e6, 256.0)
    assert group_cost("softmax", kernel, hardware()).time[0, 0] == pytest.approx(
        1.9e-6 + 2 * 1.024e9 / 0.8e12, rel=1e-3
    )


def test_wide_rows_that_leave_the_cache_are_read_again(hardware, rowwise):
    kernel = rowwise(RowKind.NORMALIZATION, 1e5, 65536.0)
    cached = group_cost("normalization", kernel, hardware(cache=4e9)).terms["DRAM traffic"][0, 0]
    spilled = group_cost("normalization", kernel, hardware(cache=1.0)).terms["DRAM traffic"][0, 0]
    assert spilled == pytest.approx(1.5 * cached)


def test_many_rows_take_their_elements_in_clocks_of_the_core(hardware, rowwise):
    # 16000 rows of 768 on 100 cores: 160 each, of 400 clocks and two passes at 2.2 elements a clock, on 50 lanes.
    kernel = rowwise(RowKind.NORMALIZATION, 16000.0, 768.0)
    on_core = group_cost("normalization", kernel, hardware()).terms["rows on the cores"][0, 0]
    assert on_core == pytest.approx(160e-9 * (400 + 1536 / 2.2) / _WIDTH)


def test_elements_of_16_bits_are_computed_as_32_and_converted(hardware, table):
    rows = [
        table(RowWise, rows=16000.0, row_length=768.0, itemsize=itemsize, bytes_read=1.0) for itemsize in (2.0, 4.0)
    ]
    half, full = (group_cost("normalization", r, hardware()).terms["rows on the cores"][0, 0] for r in rows)
    assert half - full == pytest.approx(160e-9 * 0.15 * 1536 / 2.2 / _WIDTH)


def test_few_rows_wait_for_their_own_chain(hardware, rowwise):
    # 50 rows of 4096 leave 50 cores idle: a block of 1024 threads, four elements each, three passes.
    on_core = group_cost("softmax", rowwise(RowKind.SOFTMAX, 50.0, 4096.0), hardware()).terms["rows on the cores"]
    assert on_core[0, 0] == pytest.approx(1e-9 * (3000 + 12 * 100 + 50 + 3 * 4096 / 2.2))


def test_blocks_overlap_once_they_have_drifted_apart(hardware, rowwise):
    # 15 blocks of 128 threads with 34 registers share 65536: 1500 rows are one round on 100 cores, 30000 are twenty, of
    # which one is in step.
    for rows, in_step in ((1500.0, 1.0), (30000.0, 1 / 20)):
        terms = group_cost("normalization", rowwise(RowKind.NORMALIZATION, rows, 768.0), hardware()).terms
        smaller = min(terms["DRAM traffic"][0, 0], terms["rows on the cores"][0, 0])
        assert terms["not overlapped"][0, 0] == pytest.approx(in_step * smaller)


def test_more_cores_keep_no_more_rows_in_flight(hardware, rowwise):
    # A memory of 1 TB/s feeds 210 threads for each of 1000 bytes a cycle: 1640 rows of 128 threads, however many cores.
    kernel = rowwise(RowKind.NORMALIZATION, 1e5, 8192.0)
    few, many = (group_cost("normalization", kernel, hardware(cores=n)).terms["DRAM traffic"][0, 0] for n in (100, 200))
    share = 1 - 0.5 * 40e6 / (210 * 1000 / 128 * 32768)
    assert few == many == pytest.approx((2 + share) * 1e5 * 32768 / 0.8e12)


def test_group_norm_has_one_block_for_each_group(hardware, rowwise):
    # 32 rows on 100 cores: a block of 512 threads walks a million elements by itself.
    kernel = rowwise(RowKind.MOMENTS, 32.0, 1e6)
    latency = group_cost("normalization", kernel, hardware()).terms["rows on the cores"][0, 0]
    assert latency == pytest.approx(1e-9 * (1500 + 1e6 / 512 * 200 + (400 + 1e6 / 2.2) / _WIDTH))


def test_group_norm_of_four_groups_is_far_from_the_bandwidth(rowwise):
    # One group a sample on an H200: four blocks take about 90 times the time of the bytes, both ways.
    kernel = rowwise(RowKind.MOMENTS, 4.0, 18e6)
    part = load_accelerator("h200")
    hardware = hardware_columns([part], calibrations=CalibrationPool.empty())
    cost = group_cost("normalization", kernel, hardware)
    ratio = cost.time[0, 0] / (kernel.bytes_read[0] / part.memory.dram.bandwidth)
    assert 30 < ratio < 180


def test_quantisation_takes_one_row_on_a_core_at_a_time(hardware, table):
    # 250 rows are three on the busiest of 100 cores: 1000 clocks and two passes over 8192 B at 30 B a clock each.
    kernel = table(RowWise, number_format="fp8", rows=250.0, row_length=4096.0, itemsize=2.0)
    on_core = group_cost("quantize", kernel, hardware()).terms["rows on the cores"][0, 0]
    assert on_core == pytest.approx(3e-9 * (1000 + 2 * 8192 / 30))


def test_what_holds_rows_back(hardware, table):
    def bound(rows, width, **changes):
        kernel = table(RowWise, rows=rows, row_length=width, bytes_read=4 * rows * width, itemsize=4.0, **changes)
        return BOUNDS[group_cost("normalization", kernel, hardware()).bound[0, 0]]

    statistics = {"kind": RowKind.MOMENTS}
    assert bound(32.0, 1e6, **statistics) == "occupancy"  # 32 blocks on 100 cores wait for their own chains
    assert bound(1e5, 4096.0) in ("vector", "dram")  # full cores walk elements
    assert bound(8.0, 64.0) in ("latency", "occupancy")  # nothing but a start
