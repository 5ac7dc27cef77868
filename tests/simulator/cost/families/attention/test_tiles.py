import pytest

from hw_specs import CalibrationPool, load_accelerator, load_architecture
from simulator.cost import hardware_columns
from simulator.cost.families.attention.tiles import (
    CUDNN,
    EFFICIENT,
    FLASH2,
    FLASH3,
    FLASH4,
    attention_tiles,
    matrix_share,
    resident_blocks,
)
from simulator.kernels import Attention, AttentionAlgorithm

_KERNELS = {kernel.name: kernel for kernel in (FLASH2, EFFICIENT, FLASH3, FLASH4, CUDNN)}


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
        ("flash3", "hopper", 72.0, False, 192, 144, 80),
        ("flash4", "blackwell", 72.0, False, 256, 128, 128),
        ("cudnn_attention", "blackwell", 72.0, False, 256, 128, 80),
        ("flash2", "hopper", 256.0, False, 64, 64, 256),
        ("flash2", "ampere", 256.0, False, 128, 64, 256),
        ("efficient", "turing", 40.0, False, 64, 64, 64),
        ("efficient", "turing", 80.0, False, 32, 128, 96),
        ("efficient", "ampere", 80.0, True, 64, 128, 96),
        ("efficient", "volta", 160.0, False, 32, 128, 160),
    ],
)
def test_tiles_are_those_of_the_sources(table, group, architecture, head, causal, rows, columns, padded):
    kernel = table(Attention, query_length=512.0, key_length=512.0, head_dim=head, value_dim=head, causal=causal)
    tiles = attention_tiles(_KERNELS[group], kernel, load_architecture(architecture).attention)
    assert (tiles.rows[0], tiles.columns[0], tiles.head[0]) == (rows, columns, padded)


def columns(*names):
    return hardware_columns([load_accelerator(name) for name in names], calibrations=CalibrationPool.empty())


@pytest.mark.parametrize(
    ("group", "accelerator", "head", "resident"),
    [
        ("flash2", "a100", 128.0, 2),  # (128 + 2 x 64) x 128 x 2 B = 64 KiB of 164
        ("flash2", "a100", 256.0, 1),  # 128 KiB, and eight warps
        ("flash2", "h100", 256.0, 2),  # 96 KiB of 228
        ("flash2", "l40s", 256.0, 1),  # 96 KiB of 100
        ("efficient", "t4", 64.0, 2),  # scores and two stages of operands: 24 KiB of 64
        ("efficient", "v100", 64.0, 3),
        ("efficient", "p40", 64.0, 2),  # 64 of 96 KiB
        ("flash3", "h100", 128.0, 1),
    ],
)
def test_blocks_side_by_side_are_those_that_shared_memory_holds(table, group, accelerator, head, resident):
    kernel, hardware = (
        table(Attention, query_length=512.0, key_length=512.0, head_dim=head, value_dim=head),
        columns(accelerator),
    )
    tiles = attention_tiles(_KERNELS[group], kernel, hardware.traits[0].attention)
    assert resident_blocks(tiles, hardware).tolist() == [[resident]]


@pytest.mark.parametrize(
    ("architecture", "head", "rows", "columns"),
    [("ampere", 64.0, 64, 256), ("ampere", 128.0, 64, 128), ("ada", 128.0, 64, 128), ("ada", 256.0, 64, 64)],
)
def test_paged_caches_have_tiles_of_their_own(table, architecture, head, rows, columns):
    kernel = table(
        Attention,
        algorithm=AttentionAlgorithm.FLASH2_PAGED,
        query_length=512.0,
        key_length=512.0,
        head_dim=head,
        value_dim=head,
        causal=True,
    )
    tiles = attention_tiles(FLASH2, kernel, load_architecture(architecture).attention)
    assert (tiles.rows[0], tiles.columns[0]) == (rows, columns)


def test_the_memory_efficient_kernel_stages_queries_and_scores_too(table):
    # Head 40 is staged as 64, values as a tile of 64. Each element of the three operands is written once and read by
    # the warps of two 32-wide tiles; 64 x 64 scores are written as well.
    kernel = table(Attention, query_length=512.0, key_length=512.0, head_dim=40.0, value_dim=40.0, itemsize=2.0)
    tiles = attention_tiles(EFFICIENT, kernel, load_architecture("turing").attention)
    staged = 64 * 64 + 64 * 64 + 64 * 64
    read = 64 * 64 * (64 + 64) * 2 / 32
    assert tiles.fetched[0] == 2 * staged
    assert tiles.shared[0] == 2 * (staged + read + 64 * 64)


def test_few_queries_take_one_tile(table):
    kernel = table(Attention, query_length=128.0, key_length=512.0, head_dim=64.0, value_dim=64.0)
    assert attention_tiles(FLASH4, kernel, load_architecture("blackwell").attention).rows[0] == 128


def test_warp_wide_instructions_reach_part_of_hoppers_peak():
    assert matrix_share(FLASH2, columns("a100", "h100")).tolist() == [1.0, 0.62]
    assert matrix_share(FLASH3, columns("h100")).tolist() == [1.0]
