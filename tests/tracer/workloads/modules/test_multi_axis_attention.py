from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from tracer.workloads.modules.multi_axis_attention import MultiAxisAttention  # noqa: E402

GRID, BLOCK, WIDTH = (4, 6), 2, 16


def positions():
    rows, columns = torch.meshgrid(torch.arange(GRID[0]), torch.arange(GRID[1]), indexing="ij")
    return rows.flatten(), columns.flatten()


def masked(layer, tokens, heads, allowed):
    """Dense attention of some heads under a mask, as the reference."""
    query, key, value = layer.query_key_value(tokens).view(2, 24, 3, 4, 4).permute(2, 0, 3, 1, 4)[:, :, heads]
    out = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=allowed)
    return out.transpose(1, 2).flatten(2)


def test_values_against_dense_attention_under_masks():
    torch.manual_seed(0)
    layer = MultiAxisAttention(WIDTH, num_heads=4, grid=GRID, block=BLOCK).double()
    tokens = torch.randn(2, 24, WIDTH, dtype=torch.float64)
    rows, columns = positions()
    block = (rows // BLOCK) * 100 + columns // BLOCK
    offset = (rows % BLOCK) * 100 + columns % BLOCK
    local = masked(layer, tokens, slice(0, 2), block[:, None] == block[None])
    dilated = masked(layer, tokens, slice(2, 4), offset[:, None] == offset[None])
    torch.testing.assert_close(layer(tokens), layer.out(torch.cat([local, dilated], dim=-1)))


def test_flops_by_hand(count_flops):
    """Half of the width sees the 4 tokens of a block, the other half the 6 blocks."""
    with torch.device("meta"):
        layer = MultiAxisAttention(WIDTH, num_heads=4, grid=GRID, block=BLOCK)
        tokens = torch.empty(2, 24, WIDTH)
    projections = 2 * 4 * WIDTH * WIDTH * 2 * 24
    assert count_flops(layer, tokens) == projections + 4 * 2 * 24 * (4 + 6) * WIDTH // 2


def test_a_grid_that_is_no_multiple_of_the_block_is_refused():
    with pytest.raises(ValueError, match="4 x 5 tokens cannot be cut into blocks of 2 x 2"):
        MultiAxisAttention(WIDTH, num_heads=4, grid=(4, 5), block=2)
