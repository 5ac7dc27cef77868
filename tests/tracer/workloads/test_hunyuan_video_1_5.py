from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads.hunyuan_video_1_5 import PIPELINES

pytestmark = pytest.mark.torch

PIPELINE = PIPELINES[0]
WIDTH, TOKENS, OTHERS = 16 * 128, 3 * 4 * 6, 1000 + 256 + 729


@pytest.fixture(scope="module")
def stages():
    small = replace(PIPELINE.defaults, height=64, width=96, num_frames=9)
    return {stage.name: stage for stage in PIPELINE.build(small)}


def test_shapes_and_repeats(stages, measure):
    assert [(s.name, s.component, s.repeats) for s in stages.values()] == [
        ("text_encoder", "text_encoder", 2),
        ("transformer", "transformer", 100),
        ("vae_decoder", "vae", 1),
    ]
    assert measure(stages["transformer"]).shape == (1, 32, 3, 4, 6)


def test_a_layer_by_hand(stages, measure):
    layers = measure(stages["transformer"]).flops_by_module["HunyuanVideo15TransformerBlock"]
    layer = layers / 54
    products = 2 * (TOKENS + OTHERS) * WIDTH**2 * (4 + 2 * 4)
    assert layer == products + 4 * (TOKENS + OTHERS) ** 2 * WIDTH + 2 * 2 * 6 * WIDTH**2
