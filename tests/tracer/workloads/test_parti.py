from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.graph import GraphError
from tracer.workloads.parti import PIPELINES

pytestmark = pytest.mark.torch

PIPELINE = PIPELINES[0]
WIDTH = 4096


def stages_of(workload):
    return {stage.name: stage for stage in PIPELINE.build(workload)}


@pytest.fixture(scope="module")
def stages():
    return stages_of(PIPELINE.defaults)


def test_parameters(stages, parameter_count):
    by_component = {stage.component: parameter_count(stage) for stage in stages.values()}
    assert by_component.keys() == PIPELINE.parameters.keys()
    for component, counted in by_component.items():
        assert counted == pytest.approx(PIPELINE.parameters[component], rel=0.10)
    layers = 16 * 12 * WIDTH**2 + 64 * 16 * WIDTH**2  # 20.40 G, the published table's sizes
    assert by_component["transformer"] == pytest.approx(layers, rel=0.01)


def test_stages_share_the_transformer(stages):
    modules = {id(stages[name].module) for name in ("text_encoder", "prefill", "decode")}
    assert len(modules) == 1


def test_order_and_repeats(stages):
    assert [(name, stage.repeats, stage.grows) for name, stage in stages.items()] == [
        ("text_encoder", 1, False),
        ("prefill", 1, False),
        ("decode", 1024, True),
        ("vit_vqgan_decoder", 1, False),
        ("super_resolution_512", 1, False),
        ("super_resolution_1024", 1, False),
    ]


def test_shapes_at_the_defaults(stages, measure):
    assert measure(stages["text_encoder"]).shape == (32, 128, WIDTH)
    texts = measure(stages["prefill"]).output
    assert len(texts) == 64
    assert texts[0][0].shape == (32, 64, 128, 64)
    assert measure(stages["decode"]).shape == (16,)
    assert measure(stages["vit_vqgan_decoder"]).shape == (16, 3, 256, 256)
    assert measure(stages["super_resolution_512"]).shape == (16, 3, 512, 512)
    assert measure(stages["super_resolution_1024"]).shape == (16, 3, 1024, 1024)


@pytest.mark.parametrize("repeat", [0, 1, 1023])
def test_flops_of_a_decode_step_by_hand(stages, measure, repeat):
    """Self-attention reads `repeat` + 1 keys, cross-attention 128, of which the projections are cached."""
    square = 2 * WIDTH * WIDTH
    layer = (4 + 2 + 8) * square + 4 * (repeat + 1 + 128) * WIDTH
    assert measure(stages["decode"], repeat).flops == 32 * (64 * layer + 2 * WIDTH * 8192)


def test_first_and_last_step_make_the_same_calls(stages):
    """As the capture of a growing stage demands; and no extent is zero."""
    from tracer.capture.meta import GraphBuilder

    builder, decode = GraphBuilder(), stages["decode"]
    builder.add_stage(
        "decode", "transformer", decode.module, lambda r: decode.run(decode.module, r), repeats=1024, grows=True
    )
    (stage,) = builder.build("decode", PIPELINE.defaults).stages
    assert stage.grown is not None
    assert len(stage.grown) == stage.num_calls


def test_settings_are_respected_and_guidance_doubles_the_transformer(measure):
    small = replace(PIPELINE.defaults, batch=1, height=64, width=96, prompt_length=7)
    guided, unguided = stages_of(small), stages_of(replace(small, batch=3, guidance_scale=1.0))
    assert unguided["decode"].repeats == 2 * 3
    assert measure(unguided["text_encoder"]).shape == (3, 7, WIDTH)
    assert measure(unguided["vit_vqgan_decoder"]).shape == (3, 3, 16, 24)
    assert measure(unguided["super_resolution_1024"]).shape == (3, 3, 64, 96)
    for name in ("text_encoder", "prefill", "decode"):
        assert 3 * measure(guided[name]).flops == 2 * measure(unguided[name]).flops
    assert 3 * measure(guided["vit_vqgan_decoder"]).flops == measure(unguided["vit_vqgan_decoder"]).flops


def test_sizes_of_3b_are_those_of_the_table(parameter_count):
    pipeline = PIPELINES[1]
    (transformer, *_) = pipeline.build(pipeline.defaults)
    layers = 12 * 12 * 2048**2 + 36 * 16 * 2048**2
    assert parameter_count(transformer) == pytest.approx(layers, rel=0.03)
    assert parameter_count(transformer) == pytest.approx(pipeline.parameters["transformer"], rel=0.1)


def test_a_cache_that_is_concatenated_is_read_and_written_whole():
    """Of each layer, keys and values of the tokens so far are copied beside the new ones; the work is the same."""
    from tracer.capture.meta import GraphBuilder

    stage = next(s for s in PIPELINES[1].build(replace(PIPELINE.defaults, kv_cache="dynamic")) if s.name == "decode")
    builder = GraphBuilder()
    builder.add_stage("decode", "transformer", stage.module, lambda r: stage.run(stage.module, r + 7))
    graph = builder.build("decode", PIPELINE.defaults)
    joined = [op for op in graph.ops(graph.stages[0]) if op.name == "aten::cat"]
    assert len(joined) == 2 * 36
    assert {tuple(t.shape for t in op.inputs) for op in joined} == {((32, 32, 7, 64), (32, 32, 1, 64))}


def test_a_paged_cache_is_refused():
    with pytest.raises(GraphError, match="Parti has no paged kv_cache; valid: static, dynamic"):
        PIPELINE.build(replace(PIPELINE.defaults, kv_cache="paged"))
