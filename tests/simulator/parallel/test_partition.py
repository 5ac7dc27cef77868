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
