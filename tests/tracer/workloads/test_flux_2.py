from __future__ import annotations

import pytest

from tracer.workloads.flux_2 import PIPELINES

pytestmark = pytest.mark.torch

BY_NAME = {pipeline.name: pipeline for pipeline in PIPELINES}
KLEIN = BY_NAME["flux2-klein-4b"]
TOKENS, TEXT, WIDTH = 64 * 64, 512, 24 * 128


@pytest.fixture(scope="module")
def stages():
    return {stage.name: stage for stage in KLEIN.build(KLEIN.defaults)}


def test_shapes_and_repeats(stages, measure):
    assert [(s.name, s.component, s.repeats) for s in stages.values()] == [
        ("text_encoder", "text_encoder", 1),
        ("transformer", "transformer", 4),
        ("vae_decoder", "vae", 1),
    ]
    assert measure(stages["transformer"]).shape == (1, TOKENS, 128)
    assert measure(stages["vae_decoder"]).shape == (1, 3, 1024, 1024)


def test_a_single_stream_layer_by_hand(stages, measure):
    layer = measure(stages["transformer"]).flops_by_module["Flux2Transformer2DModel.single_transformer_blocks.0"]
    tokens, hidden = TOKENS + TEXT, 3 * WIDTH
    into = 2 * tokens * WIDTH * (3 * WIDTH + 2 * hidden)  # queries, keys, values, and both halves of a gated layer
    out = 2 * tokens * (WIDTH + hidden) * WIDTH
    assert layer == into + out + 4 * tokens**2 * WIDTH


def test_guidance_is_an_input_of_dev_alone():
    arguments = {}
    for name in ("flux2-dev", "flux2-klein-4b"):
        transformer = BY_NAME[name].build(BY_NAME[name].defaults)[1]
        arguments[name] = transformer.run(lambda **given: given, 0)["guidance"]
    assert arguments["flux2-dev"].shape == (1,)
    assert arguments["flux2-klein-4b"] is None
