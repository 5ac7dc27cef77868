"""Calls of attention on a made-up accelerator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator.kernels import Attention, FamilyTable


@pytest.fixture
def attention(table: Callable[..., FamilyTable]) -> Callable[..., FamilyTable]:
    """One call of `batch` heads, in bf16."""

    def build(batch: float, queries: float, keys: float, head: float, **options: Any) -> FamilyTable:
        read = batch * (queries + 2 * keys) * head * 2.0
        columns = {
            "number_format": "bf16",
            "matrix_flops": (2.0 if options.get("causal") else 4.0) * batch * queries * keys * head,
            "special_ops": batch * queries * keys,
            "bytes_read": read,
            "bytes_written": batch * queries * head * 2.0,
            "num_heads": batch,
            "query_length": queries,
            "key_length": keys,
            "head_dim": head,
            "value_dim": head,
        }
        return table(Attention, **{**columns, **options})

    return build
