"""Language models of transformers as they are run: with a cache of any kind, merged projections, grouped experts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, cast
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AttentionInterface, Cache, DynamicCache
from transformers.cache_utils import CacheLayerMixin
from transformers.integrations import moe

from .key_value_cache import KeysAndValues, KeyValueCache, LayerShape
from .serving_operators import grouped_product, paged_attention

__all__ = ["EXPERTS", "PAGED", "cache_of", "layer_shapes", "merge_projections"]

#: Names under which transformers finds the attention of a paged cache, and grouped products of experts.
PAGED, EXPERTS = "serving_paged", "serving_grouped"

#: Projections of one input that engines multiply in one product (vLLM: QKVParallelLinear, MergedColumnParallelLinear).
_MERGED = (("q_proj", "k_proj", "v_proj"), ("gate_proj", "up_proj"))


def _paged(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: object, scaling: float, **_: object
) -> tuple[Tensor, None]:
    out = paged_attention(query, key, value, query.shape[-2] > 1, scaling)
    return out.transpose(1, 2).contiguous(), None


def _experts(self: Any, hidden_states: Tensor, top_k_index: Tensor, top_k_weights: Tensor) -> Tensor:
    """Experts by grouped products, which is transformers' default, told how many experts a token has."""
    product = partial(grouped_product, choices=top_k_index.size(-1))
    with patch.object(moe, "_grouped_mm", lambda input, weight, offs: product(input, weight, offs)):
        out: Tensor = moe.grouped_mm_experts_forward(self, hidden_states, top_k_index, top_k_weights)
    return out


AttentionInterface.register(PAGED, _paged)
moe.ALL_EXPERTS_FUNCTIONS.register(EXPERTS, _experts)


class _Layer(CacheLayerMixin):  # type: ignore[misc]  # transformers is not typed
    """A cache of one layer as transformers asks for it."""

    is_sliding = False

    def __init__(self, cache: KeyValueCache) -> None:
        super().__init__()
        self._cache = cache
        self.is_initialized = True

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Nothing is left to do."""

    def update(self, key_states: Tensor, value_states: Tensor, *_: object, **__: object) -> KeysAndValues:
        return self._cache.extended(key_states, value_states)

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self._cache.filled + query_length, 0

    def get_seq_length(self) -> int:
        return self._cache.filled

    def get_max_length(self) -> int:
        return -1


def cache_of(caches: Sequence[KeyValueCache]) -> Any:
    """Caches of all layers, as a model of transformers takes them."""
    return Cache(layers=[_Layer(cache) for cache in caches])


def layer_shapes(model: Any) -> list[LayerShape]:
    """Heads and widths of what each layer keeps, found by running one token.

    Raises
    ------
    ValueError
        A layer keeps something else than keys and values.
    """
    cache = DynamicCache(config=model.config)
    with torch.no_grad():
        model(torch.empty((1, 1), dtype=torch.int64, device="meta"), past_key_values=cache, use_cache=True)
    return [_shape_of(layer) for layer in cache.layers]


def _shape_of(layer: Any) -> LayerShape:
    keys, values = getattr(layer, "keys", None), getattr(layer, "values", None)
    if keys is None or values is None or keys.dim() != 4:
        raise ValueError(f"a layer keeps no keys and values ({type(layer).__name__})")
    return LayerShape(heads=keys.shape[1], key_dim=keys.shape[-1], value_dim=values.shape[-1])


class _MergedLinear(nn.Linear):
    """First of some projections of one input: multiplies for all of them."""

    def __init__(self, parts: Sequence[nn.Linear], results: list[Tensor]) -> None:
        first, widths = parts[0], [part.out_features for part in parts]
        super().__init__(
            first.in_features, sum(widths), bias=first.bias is not None, dtype=first.weight.dtype, device="meta"
        )
        self._widths, self._results = widths, results

    def forward(self, x: Tensor) -> Tensor:
        self._results[:] = functional.linear(x, self.weight, self.bias).split(self._widths, dim=-1)
        return self._results[0]


class _Slice(nn.Module):
    """A further one, whose part of the product is there already."""

    def __init__(self, results: list[Tensor], at: int) -> None:
        super().__init__()
        self._results, self._at = results, at

    def forward(self, x: Tensor) -> Tensor:
        return self._results[self._at]


def merge_projections(model: nn.Module) -> None:
    """Put one product in place of several of one input, wherever a module has them by their usual names."""
    for module in list(model.modules()):
        for names in _MERGED:
            parts = [getattr(module, name, None) for name in names]
            if all(type(part) is nn.Linear for part in parts):
                _merge(module, names, cast(list[nn.Linear], parts))


def _merge(module: nn.Module, names: Sequence[str], parts: list[nn.Linear]) -> None:
    if len({(part.in_features, part.bias is None) for part in parts}) > 1:
        return
    results: list[Tensor] = []
    setattr(module, names[0], _MergedLinear(parts, results).requires_grad_(False))
    for at, name in enumerate(names[1:], start=1):
        setattr(module, name, _Slice(results, at))
