"""Graphs of one of several devices: work, messages and memory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.parallel.partition import partition
from simulator.parallel.scheme import ONE_DEVICE, Scheme
from simulator.work import work_of
from tracer.graph import OpGraph
from tracer.library.graphs import graph_of
from tracer.operators import COLLECTIVES, is_free, kind_of


def _flops(graph: OpGraph) -> float:
    found = [graph.operators[i] for stage in graph.stages for i in stage.operators.tolist()]
    return sum(
        work_of(op).contraction_flops for op in found if not is_free(op.name) and kind_of(op.name) not in COLLECTIVES
    )


def test_one_device_and_replicas_are_the_graph_itself(tokens):
    assert partition(tokens, ONE_DEVICE) is tokens
    assert partition(tokens, Scheme(data=4)) is tokens


@pytest.mark.parametrize(
    "scheme", [Scheme(ulysses=4), Scheme(ring=2), Scheme(cfg=2), Scheme(tensor=2), Scheme(ulysses=2, cfg=2)]
)
def test_products_are_divided_by_the_devices(tokens, scheme):
    assert _flops(partition(tokens, scheme)) == _flops(tokens) / scheme.devices


def test_tensor_sums_after_each_pair_of_projections(tokens, messages):
    own = partition(tokens, Scheme(tensor=2))
    # The stream: batch 2, 8 tokens, 16 channels of 2 bytes.
    assert messages(own) == {("ALL_REDUCE", 2, 2 * 8 * 16 * 2): 2}


def test_guidance_gathers_once_a_step(tokens, messages):
    own = partition(tokens, Scheme(cfg=2))
    assert messages(own) == {("ALL_GATHER", 2, 8 * 16 * 2): 1}


def test_passes_that_follow_one_another_are_shared_out(tokens, messages):
    one_by_one = replace(
        tokens, stages=(replace(tokens.stages[0], repeats=6),), workload=replace(tokens.workload, batch=2)
    )
    own = partition(one_by_one, Scheme(cfg=2))
    assert own.stages[0].repeats == 3
    assert messages(own) == {("ALL_GATHER", 2, 2 * 8 * 16 * 2): 1}


def test_patches_go_through_layers_one_behind_the_other(tokens, messages):
    own = partition(tokens, Scheme(pipefusion=2))
    name = tokens.stages[0].name
    # The pipeline starts with a step that is whole, and fills once: one more than the steps that are left.
    assert [(stage.name, stage.repeats) for stage in own.stages] == [(f"{name}_synchronous", 1), (name, 3)]
    warm, steady = (replace(own, stages=(stage,)) for stage in own.stages)
    assert (_flops(warm), _flops(steady)) == (_flops(tokens), _flops(tokens) / 2)
    # Two patches of 4 tokens go on, each half of a message of two ranks.
    assert messages(warm) == {}
    assert messages(steady) == {("ALL_TO_ALL", 2, 2 * 2 * 4 * 16 * 2): 2}


def test_a_patch_attends_to_what_the_others_left(tokens):
    own = partition(tokens, Scheme(pipefusion=2))
    ops = [own.operators[i] for i in own.stages[-1].operators.tolist()]
    (attention,) = [op for op in ops if op.name == "aten::scaled_dot_product_attention"]
    assert [t.shape[-2] for t in attention.inputs] == [4, 8, 8]
    assert sum(op.name == "aten::clone" for op in ops) == 2  # its own keys and values, put beside theirs


def test_layers_of_a_pipeline_lie_on_one_device_each(tokens):
    own = partition(tokens, Scheme(pipefusion=2))
    assert own.parameter_bytes == pytest.approx(tokens.parameter_bytes / 2, abs=16)


def test_a_pipeline_beside_other_splits(tokens, messages):
    own = partition(tokens, Scheme(pipefusion=2, ulysses=2, cfg=2))
    steady = replace(own, stages=own.stages[-1:])
    assert _flops(steady) == _flops(tokens) / 8
    found = messages(steady)
    # 2 tokens of one sample: queries, keys, values and outputs among neighbours, patches through the pipeline.
    assert found["ALL_TO_ALL", 2, 2 * 16 * 2] == 4
    assert found["ALL_TO_ALL", 2, 2 * 2 * 16 * 2] == 2


def test_a_single_step_has_no_pipeline(tokens):
    once = replace(
        tokens,
        stages=(replace(tokens.stages[0], repeats=1),),
        workload=replace(tokens.workload, num_inference_steps=1),
    )
    own = partition(once, Scheme(pipefusion=2))
    assert [stage.repeats for stage in own.stages] == [1]
    assert _flops(own) == _flops(once)


def test_each_device_has_a_part_of_the_weights(tokens):
    whole = tokens.parameter_bytes
    halves = partition(tokens, Scheme(tensor=2))
    # All but the norm: 4 projections of 16 x 16, two of 16 x 64, of 2 bytes.
    assert whole - halves.parameter_bytes == (4 * 256 + 2 * 1024) * 2 // 2
    assert halves.num_parameters == tokens.num_parameters
    assert partition(tokens, Scheme(ulysses=2)).parameter_bytes == whole


def test_a_language_model_splits_its_vocabulary_too():
    graph = graph_of("llama2-7b", {})
    own = partition(graph, Scheme(tensor=8))
    assert own.parameter_bytes == pytest.approx(graph.parameter_bytes / 8, rel=2e-3)


def test_rows_of_a_decoder_go_with_their_neighbours(messages):
    graph = graph_of("stable-diffusion", {})
    own = partition(graph, Scheme(patch=2))
    decoder = replace(own, stages=own.stages[-1:])
    found = messages(decoder)
    # Latents of 32 of 64 rows, 4 channels of 64 columns of 2 bytes: the first 3 x 3 convolution sends two rows of them,
    # half of a message of two ranks.
    assert found["ALL_TO_ALL", 2, 2 * 2 * 4 * 64 * 2] >= 1
    # The image at the end: 3 channels of 256 of 512 rows.
    assert found["ALL_GATHER", 2, 3 * 256 * 512 * 2] == 1
