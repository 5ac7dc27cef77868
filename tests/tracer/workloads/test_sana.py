from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.library.bundle import bundled_graph
from tracer.workloads.sana import PIPELINES

pytestmark = pytest.mark.torch

PIPELINE = PIPELINES[0]
TOKENS, WIDTH, TEXT = 32 * 32, 2240, 300


@pytest.fixture(scope="module")
def stages():
    return {stage.name: stage for stage in PIPELINE.build(PIPELINE.defaults)}


def test_parameters_are_exact(stages, parameter_count):
    assert {s.component: parameter_count(s) for s in stages.values()} == PIPELINE.parameters


def test_shapes_and_repeats(stages, measure):
    assert [(s.name, s.component, s.repeats) for s in stages.values()] == [
        ("text_encoder", "text_encoder", 1),
        ("text_encoder_negative", "text_encoder", 1),
        ("transformer", "transformer", 20),
        ("vae_decoder", "vae", 1),
    ]
    assert measure(stages["text_encoder"]).shape == (1, 206 + 300 - 2, 2304)
    assert measure(stages["text_encoder_negative"]).shape == (1, 300, 2304)
    assert measure(stages["vae_decoder"]).shape == (1, 3, 1024, 1024)


def test_block_of_linear_attention_by_hand(stages, measure):
    found = measure(stages["transformer"])
    assert found.shape == (2, 32, 32, 32)
    square = 2 * TOKENS * WIDTH**2
    heads, head_dim = 70, 32
    # Values with a row of ones, times keys; the result times queries.
    linear_attention = 4 * square + 2 * 2 * heads * (head_dim + 1) * head_dim * TOKENS
    cross = 2 * square + 2 * 2 * TEXT * WIDTH**2 + 4 * TOKENS * TEXT * WIDTH
    hidden = 5 * WIDTH // 2
    mixed_feed_forward = 2 * TOKENS * (WIDTH * 2 * hidden + 9 * 2 * hidden + hidden * WIDTH)
    block = found.flops_by_module["SanaTransformer2DModel.transformer_blocks.0"]
    assert block == 2 * (linear_attention + cross + mixed_feed_forward)


def test_sana_1_5_normalises_queries_and_keys_and_has_up_to_three_times_the_layers():
    graphs = [bundled_graph(pipeline.name, pipeline.defaults) for pipeline in PIPELINES]
    counts = {g.name: c.num_parameters for g in graphs for c in g.components if c.name == "transformer"}
    # A weight for each channel of queries and keys, in self attention and in cross attention.
    assert counts["sana1.5-1.6b"] - counts["sana"] == 20 * 4 * WIDTH
    layer = (counts["sana1.5-4.8b"] - counts["sana1.5-1.6b"]) / 40
    assert layer == 77_929_600


def test_without_guidance_one_sample_is_denoised():
    stages = PIPELINE.build(replace(PIPELINE.defaults, guidance_scale=1.0))
    assert [stage.name for stage in stages] == ["text_encoder", "transformer", "vae_decoder"]
    assert stages[1].run(lambda sample, **options: sample, 0).shape == (1, 32, 32, 32)
