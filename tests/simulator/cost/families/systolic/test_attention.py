from dataclasses import replace

import numpy as np
import pytest

from simulator.cost.families import group_cost
from simulator.kernels import Attention, AttentionAlgorithm


@pytest.fixture
def attention(table):
    def build(heads, queries, keys, head=128.0, **columns):
        moved = 2.0 * heads * (queries + keys) * head * 2.0
        values = {"bytes_read": moved, "number_format": "bf16", "matrix_flops": 4.0 * heads * queries * keys * head}
        shape = {"num_heads": heads, "query_length": queries, "key_length": keys}
        return table(Attention, head_dim=head, value_dim=head, **shape, **{**values, **columns})

    return build


def _cost(kernel, hardware, group="systolic_attention"):
    return group_cost(group, kernel, hardware)


def test_both_products_and_the_softmax_take_turns(systolic, attention):
    cost = _cost(attention(16.0, 4096.0, 4096.0), systolic())
    scores = 16 * 4096 * 4096
    assert cost.terms["grid"][0, 0] == pytest.approx(4 * scores * 128 / 80e12)
    assert cost.terms["vector unit"][0, 0] == pytest.approx(8 * scores / 1e12)
    turns = (cost.terms["grid"][0, 0] ** 1.5 + cost.terms["vector unit"][0, 0] ** 1.5) ** (1 / 1.5)
    assert cost.time[0, 0] == pytest.approx(turns + cost.terms["chains"][0, 0] + 3e-6, rel=0.02)


def test_a_narrow_head_takes_as_long_as_one_that_fills_the_grid(systolic, attention):
    wide, narrow = (_cost(attention(16.0, 4096.0, 4096.0, head), systolic()).terms["grid"] for head in (128.0, 64.0))
    assert narrow[0, 0] == pytest.approx(wide[0, 0])


def test_no_attention_runs_faster_than_plain_products(systolic, attention, matmul):
    part = systolic()
    product = matmul(8192, 8192, 8192)
    best = product.matrix_flops[0] / group_cost("systolic_product", product, part).time[0, 0]
    for head in (64.0, 128.0, 256.0):
        kernel = attention(32.0, 16384.0, 16384.0, head)
        assert kernel.matrix_flops[0] / _cost(kernel, part).time[0, 0] < best


def test_a_kernel_that_reads_pages_computes_a_block_of_queries_for_a_single_one(systolic, attention):
    paged = {"algorithm": AttentionAlgorithm.FLASH2_PAGED, "heads_per_key_head": 4.0}
    single, block = (
        _cost(attention(32.0, queries, 1024.0, **paged), systolic(), "systolic_paged_attention")
        for queries in (1.0, 32.0)
    )
    assert single.terms["vector unit"][0, 0] == pytest.approx(block.terms["vector unit"][0, 0])
    assert single.terms["vector unit"][0, 0] == pytest.approx(23 * 32 * 32 * 1024 / 1e12)
    assert single.terms["chains"][0, 0] == pytest.approx(8 * 400 / 1.5e9)


def test_elsewhere_a_single_query_is_all_that_is_computed(systolic, attention):
    paged = {"algorithm": AttentionAlgorithm.FLASH2_PAGED, "heads_per_key_head": 4.0}
    single = _cost(attention(32.0, 1.0, 1024.0, **paged), systolic("gaudi2"), "systolic_paged_attention")
    assert single.terms["vector unit"][0, 0] == pytest.approx(2 * (20 + 19) * 32 * 1024 / 1e12)


def test_causal_blocks_meet_half_of_the_keys(systolic, attention):
    full, causal = (_cost(attention(16.0, 8192.0, 8192.0, causal=mask), systolic()) for mask in (False, True))
    share = causal.terms["vector unit"][0, 0] / full.terms["vector unit"][0, 0]
    assert share == pytest.approx((8192 + 512) / 2 / 8192)


def test_more_of_a_resource_never_costs_time(systolic, attention):
    part, kernel = systolic(), attention(16.0, 1024.0, 1024.0)
    faster = [
        replace(part, **{name: 2.0 * getattr(part, name)}) for name in ("dram_bandwidth", "cache_capacity", "clock")
    ] + [replace(part, matrix={"bf16": np.array([2e14])}), replace(part, vector={"fp32": np.array([2e12])})]
    assert all(_cost(kernel, each).time[0, 0] <= _cost(kernel, part).time[0, 0] for each in faster)
