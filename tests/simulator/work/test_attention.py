"""Attention by hand: products of queries with keys and of scores with values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.work import UnknownKeysError, work_of
from simulator.work.attention import AttentionShape, attention_shape
from tracer.graph import TensorSpec

_SDPA = "scaled_dot_product_attention"


def _shape(**changes: object) -> AttentionShape:
    base = AttentionShape(
        batch=1, heads=1, key_heads=1, query_length=4, key_length=4, head_dim=8, value_dim=8, causal=False
    )
    return base._replace(**changes)


def test_the_backward_pass_takes_five_products_where_the_forward_pass_takes_two(call):
    shape = (2, 3, 16, 8)
    forward = work_of(call(_SDPA, [shape] * 3, [shape]))
    work = work_of(call("training::attention_backward", [shape] * 5, [shape] * 3))
    assert work.contraction_flops == 2.5 * forward.contraction_flops
    assert work.special_ops == forward.special_ops
    # The gradient, query, key, value and the output are read, three gradients are written.
    assert (work.bytes_read, work.bytes_written) == (5 * 2 * 768, 3 * 2 * 768)


def _starts(count: int) -> TensorSpec:
    return TensorSpec((count,), "int32")


def test_packed_sequences_are_of_the_mean_length(call):
    packed = [(96, 8, 64), (96, 2, 64), (96, 2, 64), _starts(4), _starts(4)]
    op = call("flash_attn::_flash_attn_varlen_forward", packed, [(96, 8, 64)], is_causal=False)
    shape = attention_shape(op)
    assert (shape.batch, shape.heads, shape.key_heads) == (3, 8, 2)
    assert (shape.query_length, shape.key_length, shape.causal) == (32, 32, False)
    assert work_of(op).contraction_flops == 4 * 3 * 8 * 32 * 32 * 64


def test_keys_in_pages_are_as_long_as_said_and_the_pool_is_not_read(call):
    pool = (5000, 16, 2, 64)
    table = TensorSpec((3, 100), "int32")
    inputs = [(3, 8, 64), pool, pool, _starts(4), _starts(3), table]
    op = call("_vllm_fa2_C::varlen_fwd", inputs, [(3, 8, 64)], max_seqlen_k=700, is_causal=True)
    shape, work = attention_shape(op), work_of(op)
    # Three sequences of one query each; the last query sees all keys.
    assert (shape.batch, shape.query_length, shape.key_length) == (3, 1, 700)
    assert work.contraction_flops == 4 * 3 * 8 * 700 * 64
    assert work.bytes_read == 2 * (3 * 8 * 64 + 2 * 3 * 2 * 700 * 64)


def test_a_layer_that_is_called_by_its_name_attends_to_the_new_tokens_of_a_prompt(call):
    op = call("vllm::unified_attention", [(1000, 4, 8), (1000, 2, 8), (1000, 2, 8)], [(1000, 4, 8)])
    assert attention_shape(op).scores == 4 * 1000 * 1001 / 2


def test_how_many_keys_a_few_new_tokens_see_is_not_made_up(call):
    decoded = call("vllm::unified_attention", [(8, 4, 8), (8, 2, 8), (8, 2, 8)], [(8, 4, 8)])
    pool = (5000, 16, 2, 64)
    inputs = [(3, 8, 64), pool, pool, _starts(4), _starts(3), TensorSpec((3, 100), "int32")]
    for op in (decoded, call("_vllm_fa2_C::varlen_fwd", inputs, [(3, 8, 64)], is_causal=True)):
        with pytest.raises(UnknownKeysError, match="not recorded"):
            attention_shape(op)


@pytest.mark.parametrize(("window", "keys"), [(-1, 700), (127, 128), (4095, 700)])
def test_a_sliding_window_bounds_the_keys_of_a_decoded_token(call, window, keys):
    pool = (5000, 16, 2, 64)
    inputs = [(3, 8, 64), pool, pool, _starts(4), _starts(3), TensorSpec((3, 100), "int32")]
    op = call("_vllm_fa2_C::varlen_fwd", inputs, [(3, 8, 64)], max_seqlen_k=700, window_size_left=window)
    assert attention_shape(op).key_length == keys


def test_self_attention(call):
    work = work_of(call(_SDPA, [(2, 3, 16, 8)] * 3, [(2, 3, 16, 8)]))
    scores = 2 * 3 * 16 * 16
    assert work.contraction_flops == 2 * scores * 8 + 2 * scores * 8
    assert (work.vector_flops, work.special_ops) == (4 * scores, scores)
    assert work.bytes_read == 2 * 3 * (2 * 3 * 16 * 8)
    assert work.bytes_written == 2 * (2 * 3 * 16 * 8)


def test_cross_attention_with_values_of_another_width(call):
    work = work_of(call(_SDPA, [(2, 3, 16, 8), (2, 3, 5, 8), (2, 3, 5, 4)], [(2, 3, 16, 4)]))
    assert work.contraction_flops == 2 * 2 * 3 * 16 * 5 * (8 + 4)


def test_grouped_queries_read_fewer_keys_for_the_same_work(call):
    full = work_of(call(_SDPA, [(2, 8, 16, 4)] * 3, [(2, 8, 16, 4)]))
    grouped = work_of(call(_SDPA, [(2, 8, 16, 4), (2, 2, 16, 4), (2, 2, 16, 4)], [(2, 8, 16, 4)], enable_gqa=True))
    assert grouped.flops == full.flops
    assert full.bytes_read - grouped.bytes_read == 2 * 2 * (2 * 6 * 16 * 4)


def test_a_mask_is_read(call):
    tensors = [(2, 3, 16, 8)] * 3
    plain = work_of(call(_SDPA, tensors, [(2, 3, 16, 8)]))
    masked = work_of(call(_SDPA, [*tensors, (1, 1, 16, 16)], [(2, 3, 16, 8)]))
    assert masked.bytes_read - plain.bytes_read == 2 * 256
    shared = TensorSpec((2, 3, 16, 16), "float16", (0, 0, 16, 1))
    assert work_of(call(_SDPA, [*tensors, shared], [(2, 3, 16, 8)])) == masked


@given(q=st.integers(1, 40), k=st.integers(1, 40))
def test_a_causal_mask_leaves_keys_up_to_the_query(q, k):
    shape = _shape(query_length=q, key_length=k, causal=True)
    assert shape.scores == sum(min(i + 1, k) for i in range(q))


def test_a_causal_mask_halves_long_sequences():
    causal, full = (_shape(query_length=4096, key_length=4096, causal=c) for c in (True, False))
    assert causal.scores / full.scores == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize(
    ("shape", "batch", "heads"), [((16, 8), 1, 1), ((3, 16, 8), 3, 1), ((2, 3, 16, 8), 2, 3), ((5, 2, 3, 16, 8), 10, 3)]
)
def test_any_rank(shape, batch, heads, call):
    found = attention_shape(call(_SDPA, [shape] * 3, [shape]))
    assert (found.batch, found.heads, found.query_length, found.head_dim) == (batch, heads, 16, 8)


@pytest.mark.parametrize("name", ["_flash_attention_forward", "_efficient_attention_forward"])
def test_kernels_that_take_the_length_first(name, call):
    found = attention_shape(call(name, [(2, 16, 3, 8), (2, 5, 1, 8), (2, 5, 1, 8)], [(2, 16, 3, 8)]))
    assert (found.batch, found.heads, found.key_heads, found.query_length, found.key_length) == (2, 3, 1, 16, 5)


def test_statistics_that_a_kernel_also_returns_are_not_counted(call):
    name = "_scaled_dot_product_flash_attention"
    work = work_of(call(name, [(2, 3, 16, 8)] * 3, [(2, 3, 16, 8), (2, 3, 16)]))
    assert work.bytes_written == 2 * 2 * 3 * 16 * 8


def test_the_causal_mask_of_an_engine_ends_at_the_last_key(call):
    """Of 6 keys, the first of 3 queries sees 4 and the last one all."""
    tensors = [(1, 2, 3, 8), (1, 2, 6, 8), (1, 2, 6, 8)]
    work = work_of(call("serving::paged_attention", tensors, [(1, 2, 3, 8)], is_causal=True))
    assert work.contraction_flops == 2 * 2 * (4 + 5 + 6) * (8 + 8)
