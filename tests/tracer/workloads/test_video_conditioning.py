from __future__ import annotations

import pytest

from tracer.workloads.text_encoders import text_stage
from tracer.workloads.video_conditioning import clip_vision_h, llava_llama3_8b, umt5_xxl

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    ("build", "count"),
    [
        # The files of the checkpoints: 2.53 GB of float32, 11.36 GB and 15.02 GB of half precision.
        (clip_vision_h, 2.53e9 / 4),
        (umt5_xxl, 11.36e9 / 2),
        (llava_llama3_8b, 15.02e9 / 2),
    ],
)
def test_parameters_match_the_checkpoints(build, count):
    module = build("bfloat16")
    assert sum(p.numel() for p in module.parameters()) == pytest.approx(count, rel=0.01)
    assert all(p.is_meta for p in module.parameters())


def test_umt5_encodes_a_masked_prompt(measure):
    found = measure(text_stage(umt5_xxl("bfloat16"), batch=1, length=512, masked=True))
    assert found.shape == (1, 512, 4096)
    tokens, width, hidden = 512, 4096, 10240
    layer = 4 * 2 * tokens * width * width + 2 * 2 * tokens * tokens * width + 3 * 2 * tokens * width * hidden
    assert found.flops == 24 * layer


def test_llama_returns_every_layer(measure):
    stage = text_stage(llava_llama3_8b("bfloat16"), batch=1, length=351, masked=True, hidden_states=True)
    found = measure(stage)
    assert len(found.output.hidden_states) == 33
    tokens, width, keys, hidden = 351, 4096, 1024, 14336
    projections = 2 * tokens * width * (2 * width + 2 * keys)
    layer = projections + 2 * 2 * tokens * tokens * width + 3 * 2 * tokens * width * hidden
    assert found.flops == 32 * layer
