import pytest

from simulator.cost.attention_tiles import attention_tiles, legacy_matrix_share
from simulator.kernels import KernelFamily


@pytest.mark.parametrize(
    ("group", "architecture", "head", "causal", "rows", "columns", "padded"),
    [
        ("flash2", "ampere", 64.0, False, 128, 128, 64),
        ("flash2", "ampere", 128.0, True, 128, 64, 128),
        ("flash2", "ada", 128.0, False, 128, 32, 128),
        ("flash2", "ada", 128.0, True, 64, 64, 128),
        ("flash2", "ada", 72.0, True, 64, 64, 96),
        ("flash3", "hopper", 64.0, True, 192, 128, 64),
        ("flash3", "hopper", 128.0, False, 128, 176, 128),
        ("flash4", "blackwell", 72.0, False, 256, 128, 80),
    ],
)
def test_tiles_are_those_of_the_sources(table, group, architecture, head, causal, rows, columns, padded):
    kernel = table(family=KernelFamily.ATTENTION, m=512.0, n=512.0, k=head, causal=causal)
    tiles = attention_tiles(group, kernel, architecture)
    assert (tiles.rows[0], tiles.columns[0], tiles.head[0]) == (rows, columns, padded)


def test_warp_wide_instructions_reach_part_of_hoppers_peak():
    assert legacy_matrix_share("flash2", ("ampere", "hopper")).tolist() == [1.0, 0.62]
    assert legacy_matrix_share("flash3", ("hopper",)).tolist() == [1.0]
