"""Operators of serving engines that torch has not, on the meta device alone: what a trace of a paged cache records.

They carry the shapes that an engine's kernels work on: keys and values as long as they are read, and the slots of the
new tokens in place of a whole pool.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["grouped_product", "paged_attention", "paged_write"]

_LIBRARY = torch.library.Library("serving", "DEF")  # lives as long as the process
_LIBRARY.define("paged_attention(Tensor query, Tensor key, Tensor value, bool is_causal, float scale) -> Tensor")
_LIBRARY.define(
    "paged_write(Tensor key, Tensor value, Tensor(a!) key_slots, Tensor(b!) value_slots, Tensor slot_mapping) -> ()"
)
_LIBRARY.define("grouped_mm(Tensor input, Tensor weight, Tensor offs, int choices) -> Tensor")


def _attended(query: Tensor, key: Tensor, value: Tensor, is_causal: bool, scale: float) -> Tensor:
    batch, heads, length, _ = query.shape
    return query.new_empty((batch, length, heads, value.shape[-1])).transpose(1, 2)


def _written(key: Tensor, value: Tensor, key_slots: Tensor, value_slots: Tensor, slot_mapping: Tensor) -> None:
    return


def _grouped(input: Tensor, weight: Tensor, offs: Tensor, choices: int) -> Tensor:
    return input.new_empty((*input.shape[:-1], weight.shape[-1]))


for _name, _function in (("paged_attention", _attended), ("paged_write", _written), ("grouped_mm", _grouped)):
    _LIBRARY.impl(_name, _function, "Meta")


def paged_attention(query: Tensor, key: Tensor, value: Tensor, is_causal: bool, scale: float) -> Tensor:
    """Attention (batch, heads, queries, dim) to keys and values in pages; a causal mask ends at the last key."""
    attended: Tensor = torch.ops.serving.paged_attention(query, key, value, is_causal, scale)
    return attended


def paged_write(key: Tensor, value: Tensor, key_slots: Tensor, value_slots: Tensor, slot_mapping: Tensor) -> None:
    """Keys and values of new tokens, (batch, heads, new, dim), to their slots; in the trace a row is a token."""
    rows = (tensor.transpose(1, 2).flatten(0, 1) for tensor in (key, value))
    torch.ops.serving.paged_write(*rows, key_slots, value_slots, slot_mapping)


def grouped_product(input: Tensor, weight: Tensor, offs: Tensor, *, choices: int) -> Tensor:
    """Rows (rows, in) times the weight (groups, in, out) of their group, `choices` groups for each token."""
    product: Tensor = torch.ops.serving.grouped_mm(input, weight, offs, choices)
    return product
