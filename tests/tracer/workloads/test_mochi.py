from __future__ import annotations

import pytest

from tracer.workloads.mochi import PIPELINES

pytestmark = pytest.mark.torch

PIPELINE = PIPELINES[0]
LENGTH, WIDTH = 15 * 30 * 53, 24 * 128
PROMPT, PROMPT_WIDTH = 256, 1536


@pytest.fixture(scope="module")
def stages():
    return {stage.name: stage for stage in PIPELINE.build(PIPELINE.defaults)}


@pytest.fixture(scope="module")
def denoised(stages, measure):
    return measure(stages["transformer"])


def test_parameters_match_the_checkpoints(stages, parameter_count):
    for stage in stages.values():
        assert parameter_count(stage) == pytest.approx(PIPELINE.parameters[stage.component], rel=0.01)


def test_shapes_and_repeats(stages, denoised, measure):
    assert [(s.name, s.repeats) for s in stages.values()] == [
        ("text_encoder", 2),
        ("transformer", 64),
        ("vae_decoder", 1),
    ]
    assert denoised.shape == (2, 12, 15, 60, 106)
    assert measure(stages["vae_decoder"]).shape == (1, 3, 85, 480, 848)


def test_block_is_asymmetric_with_attention_sample_by_sample(denoised):
    tokens, prompt, length = 2 * LENGTH, 2 * PROMPT, LENGTH + PROMPT
    attention = (
        4 * 2 * tokens * WIDTH * WIDTH + 4 * 2 * prompt * PROMPT_WIDTH * WIDTH + 2 * (2 * 2 * length * length * WIDTH)
    )
    feed_forward = 3 * 2 * tokens * WIDTH * (8 * WIDTH // 3)
    feed_forward += 3 * 2 * prompt * PROMPT_WIDTH * (8 * PROMPT_WIDTH // 3)
    modulation = 2 * 2 * WIDTH * 4 * (WIDTH + PROMPT_WIDTH)
    block = denoised.flops_by_module["MochiTransformer3DModel.transformer_blocks.0"]
    assert block == attention + feed_forward + modulation


def test_tokens_count_as_valid_only_while_the_transformer_runs(stages, denoised):
    from torch.fx.experimental import _config

    assert denoised.flops > 0
    assert not _config.meta_nonzero_assume_all_nonzero
