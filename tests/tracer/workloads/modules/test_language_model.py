from __future__ import annotations

import pytest
import torch
from torch import nn

from tracer.workloads.modules.key_value_cache import KeyValueCache, LayerShape
from tracer.workloads.modules.language_model import cache_of, layer_shapes, merge_projections

pytestmark = pytest.mark.torch


class _Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(8, n, bias=False, device="meta") for n in (8, 4, 4))


def test_merged_projections_give_the_same_shapes_from_one_weight():
    module = _Attention()
    merge_projections(module)
    x = torch.empty((2, 3, 8), device="meta")
    assert [proj(x).shape for proj in (module.q_proj, module.k_proj, module.v_proj)] == [
        (2, 3, 8),
        (2, 3, 4),
        (2, 3, 4),
    ]
    assert [tuple(p.shape) for p in module.parameters()] == [(16, 8)]


def test_projections_of_unequal_inputs_stay():
    module = _Attention()
    module.k_proj = nn.Linear(4, 4, bias=False, device="meta")
    merge_projections(module)
    assert len(list(module.parameters())) == 3


def test_shapes_of_what_layers_keep():
    from transformers import LlamaConfig, LlamaForCausalLM

    sizes = {"hidden_size": 32, "intermediate_size": 16, "num_hidden_layers": 2, "vocab_size": 9}
    config = LlamaConfig(num_attention_heads=4, num_key_value_heads=2, **sizes)
    with torch.device("meta"):
        model = LlamaForCausalLM(config)
    assert layer_shapes(model) == [LayerShape(heads=2, key_dim=8, value_dim=8)] * 2


def test_a_cache_says_how_much_it_holds():
    shape = LayerShape(heads=2, key_dim=8, value_dim=8)
    one = KeyValueCache.holding("static", shape, batch=1, filled=7, new=1, room=9, dtype=torch.float16)
    assert cache_of([one, one]).get_seq_length() == 7
