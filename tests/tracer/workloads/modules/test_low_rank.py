from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from tracer.workloads.modules.low_rank import AdaptedLinear  # noqa: E402


@torch.no_grad()
def test_it_is_a_layer_with_the_product_of_its_adapter_in_the_weight():
    torch.manual_seed(0)
    base = torch.nn.Linear(6, 4).double()
    adapted = AdaptedLinear(base, rank=2)
    x = torch.randn(3, 6).double()
    fused = base.weight + adapted.scaling * adapted.lora_B.weight @ adapted.lora_A.weight
    torch.testing.assert_close(adapted(x), torch.nn.functional.linear(x, fused, base.bias))
    assert adapted.weight is base.weight
    assert sum(p.numel() for p in adapted.parameters()) == 6 * 4 + 4 + 2 * (6 + 4)
