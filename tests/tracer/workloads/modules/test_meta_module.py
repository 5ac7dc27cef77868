from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from tracer.workloads.modules.meta_module import meta_module  # noqa: E402


def test_device_dtype_and_mode():
    module = meta_module(lambda: torch.nn.Linear(3, 4), dtype="bfloat16")
    assert (module.weight.device.type, module.weight.dtype) == ("meta", torch.bfloat16)
    assert not module.training
    assert not module.weight.requires_grad
    assert torch.get_default_dtype() == torch.float32
