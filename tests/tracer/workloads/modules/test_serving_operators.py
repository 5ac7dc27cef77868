from __future__ import annotations

import pytest
import torch

from tracer.capture.meta import trace
from tracer.workloads.modules.serving_operators import grouped_product, paged_attention, paged_write

pytestmark = pytest.mark.torch


def tensor(*shape: int) -> torch.Tensor:
    return torch.empty(shape, dtype=torch.float16, device="meta")


def test_they_are_recorded_with_the_shapes_that_kernels_see():
    def run() -> None:
        paged_write(tensor(2, 4, 3, 8), tensor(2, 4, 3, 8), tensor(2, 4, 3, 8), tensor(2, 4, 3, 8), tensor(6))
        paged_attention(tensor(2, 8, 3, 8), tensor(2, 4, 9, 8), tensor(2, 4, 9, 8), True, 0.1)
        grouped_product(tensor(6, 8), tensor(4, 8, 16), tensor(4), choices=2)

    graph = trace(run)
    ops = {op.name: op for op in graph.ops(graph.stages[0])}
    assert ops["serving::paged_write"].inputs[0].shape == (6, 4, 8)
    assert ops["serving::paged_attention"].outputs[0].shape == (2, 8, 3, 8)
    assert ops["serving::paged_attention"].attribute("is_causal") is True
    assert ops["serving::grouped_mm"].outputs[0].shape == (6, 16)
    assert ops["serving::grouped_mm"].attribute("choices") == 2
