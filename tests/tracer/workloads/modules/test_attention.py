from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from tracer.workloads.modules.attention import CrossAttention, SelfAttention, attend, merge_heads, split_heads  # noqa: E402


def test_splitting_heads_is_a_view_and_merging_undoes_it():
    tokens = torch.randn(2, 3, 8)
    heads = split_heads(tokens, num_heads=4)
    assert heads.shape == (2, 4, 3, 2)
    assert heads.data_ptr() == tokens.data_ptr()
    assert torch.equal(merge_heads(heads), tokens)


def test_attention_by_softmax():
    torch.manual_seed(0)
    query, key, value = (torch.randn(1, n, 6, dtype=torch.float64) for n in (4, 5, 5))
    weights = torch.softmax(query @ key.transpose(1, 2) / 6**0.5, dim=-1)
    torch.testing.assert_close(attend(query, key, value, num_heads=1), weights @ value)


def test_causal_attention_ignores_the_future():
    torch.manual_seed(0)
    layer, tokens = SelfAttention(8, num_heads=2, is_causal=True), torch.randn(1, 5, 8)
    changed = tokens.clone()
    changed[:, 3:] = 0
    assert torch.equal(layer(tokens)[:, :3], layer(changed)[:, :3])


def test_flops_by_hand(count_flops):
    batch, length, context, width = 2, 6, 9, 16
    with torch.device("meta"):
        tokens, text = torch.empty(batch, length, width), torch.empty(batch, context, width)
        alone, cross = SelfAttention(width, num_heads=4), CrossAttention(width, num_heads=4)
    square = 2 * width * width
    assert count_flops(alone, tokens) == 4 * square * batch * length + 4 * batch * length * length * width
    expected = 2 * square * batch * (length + context) + 4 * batch * length * context * width
    assert count_flops(cross, tokens, text) == expected
