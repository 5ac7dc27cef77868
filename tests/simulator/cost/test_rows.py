import pytest

from simulator.cost.rows import rows_cost
from simulator.kernels import Implementation, KernelFamily


@pytest.fixture
def rowwise(table):
    def build(family, rows, width, **options):
        moved = rows * width * 4.0
        return table(family=family, m=rows, n=width, bytes_read=moved, bytes_written=moved, itemsize=4.0, **options)

    return build


def test_narrow_softmax_is_a_stream(hardware, rowwise):
    kernel = rowwise(KernelFamily.SOFTMAX, 1e6, 256.0)
    assert rows_cost("softmax", kernel, hardware()).time[0, 0] == pytest.approx(
        2.5e-6 + 2 * 1.024e9 / 0.85e12, rel=1e-3
    )


def test_wide_rows_that_leave_the_cache_are_read_again(hardware, rowwise):
    kernel = rowwise(KernelFamily.NORMALIZATION, 1e5, 65536.0)
    cached = rows_cost("normalization", kernel, hardware(cache=4e9)).terms["DRAM traffic"][0, 0]
    spilled = rows_cost("normalization", kernel, hardware(cache=1.0)).terms["DRAM traffic"][0, 0]
    assert spilled == pytest.approx(1.5 * cached)


def test_group_norm_has_one_block_for_each_group(hardware, rowwise):
    # 32 rows on 100 cores: one row's bytes at the rate of one core.
    kernel = rowwise(
        KernelFamily.NORMALIZATION, 32.0, 1e6, implementation=Implementation.GROUP_NORM_STATISTICS, group=32.0
    )
    latency = rows_cost("normalization", kernel, hardware()).terms["row latency"][0, 0]
    assert latency == pytest.approx(3e-7 + 4e6 / 2e10)
