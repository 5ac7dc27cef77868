from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads.flux import PIPELINES

pytestmark = pytest.mark.torch

DEV, SCHNELL = PIPELINES
TOKENS, WIDTH = 64 * 64, 3072


@pytest.mark.parametrize("pipeline", PIPELINES, ids=lambda p: p.name)
def test_parameters_are_exact(parameter_count, pipeline):
    stages = pipeline.build(pipeline.defaults)
    assert {s.component: parameter_count(s) for s in stages} == pipeline.parameters


@pytest.mark.parametrize(("pipeline", "text"), [(DEV, 512), (SCHNELL, 256)], ids=["dev", "schnell"])
def test_blocks_by_hand(measure, pipeline, text):
    stages = {stage.name: stage for stage in pipeline.build(pipeline.defaults)}
    found = measure(stages["transformer"])
    assert found.shape == (1, TOKENS, 64)
    tokens = TOKENS + text
    attention = 4 * tokens**2 * WIDTH
    # Projections (3 + 1) and feed-forward (4 + 4), in units of the width squared.
    products = 2 * 12 * tokens * WIDTH**2 + attention
    double = products + 2 * 2 * 6 * WIDTH**2
    single = products + 2 * 3 * WIDTH**2
    assert found.flops_by_module["FluxTransformer2DModel.transformer_blocks.0"] == double
    assert found.flops_by_module["FluxTransformer2DModel.single_transformer_blocks.0"] == single
    assert found.flops == pytest.approx(19 * double + 38 * single, rel=0.002)


def test_embedded_guidance_does_not_double_the_batch():
    workload = replace(DEV.defaults, height=256, width=512, batch=2)
    assert workload.guided
    stages = {stage.name: stage for stage in DEV.build(workload)}
    given = stages["transformer"].run(dict, 0)
    assert given["hidden_states"].shape == (2, 16 * 32, 64)
    assert given["guidance"].shape == (2,)


def test_steps_and_prompt_lengths(measure):
    for pipeline, steps, text in ((DEV, 50, 512), (SCHNELL, 4, 256)):
        stages = {stage.name: stage for stage in pipeline.build(pipeline.defaults)}
        assert stages["transformer"].repeats == steps
        assert measure(stages["text_encoder_2"]).shape == (1, text, 4096)
        assert measure(stages["vae_decoder"]).shape == (1, 3, 1024, 1024)
