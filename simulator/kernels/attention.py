"""Fused attention: products, softmax and products in one kernel."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Generic

from .kernel import BoolArray, Code, Flag, FloatArray, IntArray, Kernel, Number, column
from .table import FamilyTable

__all__ = ["SPLIT_PRODUCTS", "Attention", "AttentionAlgorithm", "AttentionColumns", "AttentionTable"]


#: A float32 product as three tf32 products: high by high, high by low, low by high (CUTLASS, OpMultiplyAddFastF32,
#: which the memory-efficient attention of PyTorch uses from sm_80 on).
SPLIT_PRODUCTS = 3


class AttentionAlgorithm(enum.IntEnum):
    """Fused kernels. ``SPLIT_FLOAT32`` is the memory-efficient one on float32 operands, before it has its units."""

    FLASH2 = 0
    FLASH2_PAGED = 1
    FLASH3 = 2
    FLASH4 = 3
    CUDNN = 4
    EFFICIENT = 5
    SPLIT_FLOAT32 = 6
    TRTLLM = 7
    CK = 8
    AITER = 9


@dataclass(frozen=True, eq=False, kw_only=True)
class AttentionColumns(Generic[Number, Flag, Code]):
    """Extents of fused attention.

    Attributes
    ----------
    algorithm
        An :class:`AttentionAlgorithm`.
    num_heads
        Query heads of all samples. [1]
    query_length, key_length
        Queries and keys of one head. [1]
    head_dim
        Elements of one query or key. [1]
    value_dim
        Elements of one value. [1]
    heads_per_key_head
        Query heads that share one head of keys and values. [1]
    causal
        Whether attention skips keys after the query.
    products
        Products of a tile of scores over those of the forward pass: 1, and 2.5 where gradients are made. [1]
    key_share
        Bytes of an element of keys and values over those of queries: below 1 where a cache keeps them in a narrower
        format, from which the kernel converts them in registers. [1]
    """

    algorithm: Code
    num_heads: Number
    query_length: Number
    key_length: Number
    head_dim: Number
    value_dim: Number
    heads_per_key_head: Number = column(1.0)
    causal: Flag = column(False)
    products: Number = column(1.0)
    key_share: Number = column(1.0)


@dataclass(frozen=True, kw_only=True)
class Attention(AttentionColumns[float, bool, AttentionAlgorithm], Kernel):
    """One call of fused attention."""


@dataclass(frozen=True, eq=False, kw_only=True)
class AttentionTable(AttentionColumns[FloatArray, BoolArray, IntArray], FamilyTable):
    """Fused attention as columns."""

    kernel_type = Attention
    contracts = True
