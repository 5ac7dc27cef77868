from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from tracer.workloads.modules.wide_activation_sr import WideActivationUpsampler  # noqa: E402


def test_convolutions_run_at_the_size_of_the_input(count_flops):
    with torch.device("meta"):
        network = WideActivationUpsampler(channels=8, num_blocks=3, expansion=4)
        image = torch.empty(2, 3, 6, 10)
    assert network(image).shape == (2, 3, 12, 20)
    weights = 9 * 3 * 8 + 3 * 2 * 9 * 8 * 32 + 9 * 8 * 12 + 25 * 3 * 12
    assert count_flops(network, image) == 2 * weights * 2 * 6 * 10
