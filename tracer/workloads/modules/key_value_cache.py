"""Keys and values of earlier tokens: how a layer keeps them, and what its attention reads of them.

Four ways, by the names of ``kv_cache`` of :class:`tracer.graph.Workload`:

``dynamic``
    New ones are concatenated to the old ones, which copies all of them (transformers, cache_utils.py, DynamicLayer).
``static``
    New ones are written into room for all tokens, and attention reads a view of what is filled (llama/model.py of
    Meta's code: ``keys = self.cache_k[:bsz, : start_pos + seqlen]``).
``masked``
    The same room, written at given positions and read as a whole under a mask, so that shapes never change
    (gpt-fast, model.py, KVCache.update and ``mask[None, None, input_pos]``; transformers, StaticLayer).
``paged``
    Pages of a pool, written and read through a table (vLLM's reshape_and_cache_flash and FlashAttention with a block
    table; TensorRT-LLM and lmdeploy likewise): the kernel reads as many keys as there are.

All but a paged one are read by kernels that take one format, so that keys and values kept in a narrower one than the
model's are converted before each attention, all that it reads (transformers, cache_utils.py, QuantizedLayer.update;
torchao, _models/llama/model.py, AffineQuantizedKVCache.update). Engines convert those of new tokens as they write them,
and all others in the registers of the attention kernel (vLLM's reshape_and_cache_flash; gpt_attention of TensorRT-LLM).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from .serving_operators import paged_attention, paged_write

__all__ = ["KeyValueCache", "KeysAndValues", "LayerShape"]

KeysAndValues = tuple[Tensor, Tensor]


class LayerShape(NamedTuple):
    """Heads of keys and values of one layer, and the elements of a key and of a value."""

    heads: int
    key_dim: int
    value_dim: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyValueCache:
    """Cache of one layer before one pass, on the meta device.

    Attributes
    ----------
    kind : str
        One of :data:`tracer.graph.KEY_VALUE_CACHES`.
    filled : int
        Tokens that it holds.
    keys, values : torch.Tensor
        (batch, heads, room, dim); a dynamic one has no more room than is filled.
    slots : torch.Tensor
        Where the new tokens go, as an index: positions of one sequence, or slots of the pool for all.
    """

    kind: str
    filled: int
    keys: Tensor
    values: Tensor
    slots: Tensor

    @classmethod
    def holding(
        cls, kind: str, shape: LayerShape, *, batch: int, filled: int, new: int, room: int, dtype: torch.dtype
    ) -> KeyValueCache:
        """Cache that holds `filled` tokens of each sequence and gets `new` ones; `room` is for all that will come."""
        length = filled if kind == "dynamic" else room

        def stored(width: int) -> Tensor:
            return torch.empty((batch, shape.heads, length, width), dtype=dtype, device="meta")

        slots = torch.empty((batch * new if kind == "paged" else new,), dtype=torch.int64, device="meta")
        return cls(kind=kind, filled=filled, keys=stored(shape.key_dim), values=stored(shape.value_dim), slots=slots)

    def extended(self, key: Tensor, value: Tensor) -> KeysAndValues:
        """Keys and values that attention reads once those of new tokens, (batch, heads, new, dim), have come."""
        if self.kind == "paged":
            return self._in_slots(key, value)
        return self._with(self.keys, key), self._with(self.values, value)

    def _with(self, stored: Tensor, new: Tensor) -> Tensor:
        """What attention reads of keys or of values, in the format of the new ones."""
        if self.kind == "dynamic":
            return torch.cat([stored.to(new.dtype), new], dim=-2)
        if self.kind == "masked":
            return stored.index_copy_(2, self.slots, new.to(stored.dtype)).to(new.dtype)
        length = new.shape[-2]
        stored.narrow(2, self.filled, length).copy_(new)
        return stored.narrow(2, 0, self.filled + length).to(new.dtype)

    def _in_slots(self, key: Tensor, value: Tensor) -> KeysAndValues:
        new = key.shape[-2]
        targets = [stored.narrow(2, self.filled, new) for stored in (self.keys, self.values)]
        paged_write(key, value, targets[0], targets[1], self.slots)
        length = self.filled + new
        return self.keys.narrow(2, 0, length), self.values.narrow(2, 0, length)

    def attended(self, query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Attention of one new token of each sequence, (batch, heads, 1, dim), to what :meth:`extended` gave."""
        if self.kind == "paged":
            return paged_attention(query, keys, values, False, query.shape[-1] ** -0.5)
        mask = self.mask(query) if self.kind == "masked" else None
        return functional.scaled_dot_product_attention(query, keys, values, attn_mask=mask)

    def mask(self, query: Tensor) -> Tensor:
        """Which keys each query may attend to, (1, 1, queries, room); there from the start, as a row of a table."""
        return query.new_empty((1, 1, query.shape[-2], self.keys.shape[-2]), dtype=torch.bool)
