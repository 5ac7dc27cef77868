from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads.sdxl import PIPELINES

pytestmark = pytest.mark.torch

PIPELINE = PIPELINES[0]
PROMPT = 77


@pytest.fixture(scope="module")
def stages():
    return {stage.name: stage for stage in PIPELINE.build(PIPELINE.defaults)}


@pytest.fixture(scope="module")
def unet(stages, measure):
    return measure(stages["unet"])


def test_parameters_are_exact(stages, parameter_count):
    assert {s.component: parameter_count(s) for s in stages.values()} == PIPELINE.parameters


def test_shapes_and_repeats(stages, measure):
    assert [(s.name, s.repeats) for s in stages.values()] == [
        ("text_encoder", 1),
        ("text_encoder_2", 1),
        ("unet", 50),
        ("vae_decoder", 1),
    ]
    assert measure(stages["text_encoder_2"]).shape == (1, 1280)
    assert measure(stages["vae_decoder"]).shape == (1, 3, 1024, 1024)


def test_unet_without_attention_products_is_the_published_2_99_tera_multiply_adds(unet):
    assert unet.shape == (2, 4, 128, 128)
    # Ten blocks of width 640 on 64 x 64 tokens, sixty of width 1280 on 32 x 32.
    products = sum(
        4 * blocks * tokens * (tokens + PROMPT) * width
        for blocks, tokens, width in ((10, 64**2, 640), (60, 32**2, 1280))
    )
    assert unet.flops / 2 - products == pytest.approx(2 * 2.99e12, rel=0.005)


def test_deepest_block_by_hand(unet):
    tokens, width = 32 * 32, 1280
    square = 2 * tokens * width**2
    self_attention = 4 * square + 4 * tokens**2 * width
    cross = 2 * square + 2 * 2 * PROMPT * 2048 * width + 4 * tokens * PROMPT * width
    block = unet.flops_by_module["UNet2DConditionModel.mid_block.attentions.0.transformer_blocks.9"]
    assert block == 2 * (self_attention + cross + 12 * square)


@pytest.mark.parametrize(("dtype", "decoder"), [("float16", "float32"), ("bfloat16", "bfloat16")])
def test_decoder_is_upcast_from_float16_alone(dtype, decoder):
    vae = PIPELINE.build(replace(PIPELINE.defaults, dtype=dtype))[-1].module
    assert {str(p.dtype) for p in vae.parameters()} == {f"torch.{decoder}"}


def test_without_guidance_one_sample_is_denoised():
    unet = PIPELINE.build(replace(PIPELINE.defaults, guidance_scale=1.0))[2]
    assert unet.run(lambda sample, *rest, **options: sample, 0).shape == (1, 4, 128, 128)
