from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from tracer.workloads.modules.meta_module import meta_module  # noqa: E402
from tracer.workloads.modules.scalar_embedding import ScalarEmbedding  # noqa: E402


def test_shape_and_dtype(count_flops):
    embedding = meta_module(lambda: ScalarEmbedding(8, width=32), dtype="float16")
    values = torch.empty(3, dtype=torch.int64, device="meta")
    out = embedding(values)
    assert (out.shape, out.dtype) == ((3, 32), torch.float16)
    assert count_flops(embedding, values) == 2 * 3 * (8 * 32 + 32 * 32)
