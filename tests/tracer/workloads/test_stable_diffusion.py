"""Stable Diffusion 1.5 against what is published of it and against torch's own counter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads.stable_diffusion import PIPELINES

pytestmark = pytest.mark.torch

PIPELINE = PIPELINES[0]


@pytest.fixture(scope="module")
def stages():
    return {stage.name: stage for stage in PIPELINE.build(PIPELINE.defaults)}


def test_parameters_exactly(stages, parameter_count):
    assert {s.component: parameter_count(s) for s in stages.values()} == {
        "text_encoder": 123_060_480,
        "unet": 859_520_964,
        "vae": 83_653_863,
    }


def test_stages_run_as_often_as_the_pipeline_runs_them(stages):
    assert {name: s.repeats for name, s in stages.items()} == {"text_encoder": 2, "unet": 50, "vae_decoder": 1}
    unguided = PIPELINE.build(replace(PIPELINE.defaults, guidance_scale=1.0, num_inference_steps=20))
    assert [s.repeats for s in unguided] == [1, 20, 1]


def test_one_forward_of_the_u_net(stages, measure):
    found = measure(stages["unet"])
    assert found.shape == (2, 4, 64, 64)
    # 0.803 TFLOP a sample, and guidance runs two: the published 401.6 GMAC of one forward at 512x512.
    assert found.flops == pytest.approx(1.60655e12, rel=1e-5)


def test_work_of_the_traced_u_net(stable_diffusion_graph, stages, measure):
    from simulator.work import work_of
    from tracer.operators import is_free

    stage = stable_diffusion_graph.stage("unet")
    work = [work_of(op) for op in stable_diffusion_graph.ops(stage) if not is_free(op.name)]
    assert sum(w.contraction_flops for w in work) == measure(stages["unet"]).flops


def test_shapes(stages, measure):
    assert measure(stages["text_encoder"]).shape == (1, 77, 768)
    assert measure(stages["vae_decoder"]).shape == (1, 3, 512, 512)


def test_batch_size_and_resolution_reach_every_stage(measure):
    workload = replace(PIPELINE.defaults, batch=3, height=256, width=384)
    stages = {stage.name: stage for stage in PIPELINE.build(workload)}
    assert measure(stages["text_encoder"]).shape == (3, 77, 768)
    assert measure(stages["unet"]).shape == (6, 4, 32, 48)
    assert measure(stages["vae_decoder"]).shape == (3, 3, 256, 384)
