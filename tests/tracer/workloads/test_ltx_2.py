from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads.ltx_2 import PIPELINES

pytestmark = pytest.mark.torch

PIPELINE = PIPELINES[0]
WIDTH, SOUND_WIDTH, TOKENS, SOUND, TEXT = 4096, 2048, 2 * 2 * 3, 9, 128


@pytest.fixture(scope="module")
def stages():
    small = replace(PIPELINE.defaults, height=64, width=96, num_frames=9, prompt_length=TEXT)
    return {stage.name: stage for stage in PIPELINE.build(small)}


def test_shapes_and_repeats(stages, measure):
    assert [(s.name, s.component, s.repeats) for s in stages.values()] == [
        ("text_encoder", "text_encoder", 2),
        ("connectors", "connectors", 1),
        ("transformer", "transformer", 40),
        ("vae_decoder", "vae", 1),
        ("audio_decoder", "audio_vae", 1),
        ("vocoder", "vocoder", 1),
    ]
    assert measure(stages["connectors"]).shape == (2, TEXT, 3840)
    assert measure(stages["transformer"]).shape == (2, TOKENS, 128)
    # 9 frames at 24 a second are 9.4 positions of 25 a second, whose first one is a single hop of the spectrogram.
    assert measure(stages["audio_decoder"]).shape == (1, 2, 4 * SOUND - 3, 64)
    assert measure(stages["vocoder"]).shape == (1, 2, (4 * SOUND - 3) * 240)


def test_attention_of_a_layer_by_hand(stages, measure):
    found = measure(stages["transformer"]).flops_by_module
    block = "LTX2VideoTransformer3DModel.transformer_blocks.0."
    assert found[block + "attn1"] == 2 * (2 * 4 * TOKENS * WIDTH**2 + 4 * TOKENS**2 * WIDTH)
    # Video asks sound, at the width of sound.
    projections = 2 * (2 * TOKENS * WIDTH * SOUND_WIDTH + 2 * SOUND * SOUND_WIDTH**2)
    assert found[block + "audio_to_video_attn"] == 2 * (projections + 4 * TOKENS * SOUND * SOUND_WIDTH)
