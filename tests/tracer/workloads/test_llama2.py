"""LLaMA-2 by hand: weights, prefill and one decoded token."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.capture.pipelines import capture_pipeline
from tracer.workloads import find_pipeline
from tracer.workloads.llama2 import PIPELINES

pytestmark = pytest.mark.torch

BY_NAME = {pipeline.name: pipeline for pipeline in PIPELINES}
# huggingface.co/meta-llama/Llama-2-*-hf, config.json: layers, width, width of the feed-forward, heads, key heads.
CONFIGS = {
    "llama2-7b": (32, 4096, 11008, 32, 32),
    "llama2-13b": (40, 5120, 13824, 40, 40),
    "llama2-70b": (80, 8192, 28672, 64, 8),
}


def layer_weights(name: str) -> int:
    """Parameters of the products of one layer: query, key, value, output, and the three of the feed-forward."""
    _, width, inner, heads, key_heads = CONFIGS[name]
    return 2 * width * width + 2 * width * (width // heads) * key_heads + 3 * width * inner


def test_names():
    assert set(BY_NAME) == set(CONFIGS)
    assert find_pipeline("llama-2-70b") is BY_NAME["llama2-70b"]


@pytest.mark.parametrize("name", CONFIGS)
def test_parameters(name, parameter_count):
    layers, width, *_ = CONFIGS[name]
    by_hand = layers * (layer_weights(name) + 2 * width) + 2 * 32000 * width + width
    (prefill, decode) = BY_NAME[name].build(BY_NAME[name].defaults)
    assert prefill.module is decode.module
    assert parameter_count(prefill) == by_hand == BY_NAME[name].parameters["model"]


@pytest.mark.parametrize("name", ["llama2-7b", "llama2-70b"])
def test_flops_of_prefill_and_decode(name, measure):
    layers, width, *_ = CONFIGS[name]
    tokens = 64
    workload = replace(BY_NAME[name].defaults, prompt_length=tokens, max_new_tokens=10)
    prefill, decode = BY_NAME[name].build(workload)
    assert decode.repeats == 9
    assert decode.grows
    head = 2 * 32000 * width  # logits of the last position alone
    scores = 2 * 2 * width  # products with one key and one value, all heads together
    assert measure(prefill).flops == (layers * (2 * tokens * layer_weights(name) + tokens * tokens * scores) + head)
    # The token that is decoded in repeat i attends to the prompt, the i tokens before it and itself.
    for repeat in (0, 8):
        keys = tokens + repeat + 1
        assert measure(decode, repeat).flops == layers * (2 * layer_weights(name) + keys * scores) + head


def test_a_single_new_token_needs_no_decoding():
    (prefill,) = BY_NAME["llama2-7b"].build(replace(BY_NAME["llama2-7b"].defaults, max_new_tokens=1))
    assert prefill.name == "prefill"


def test_cached_keys_and_values_are_read_at_every_step():
    pipeline = BY_NAME["llama2-70b"]
    workload = replace(pipeline.defaults, batch=2, prompt_length=16, max_new_tokens=5)
    graph = capture_pipeline(pipeline, workload)
    decode = graph.stage("decode")
    first, last = (
        [graph.operators[i] for i in column if graph.operators[i].name == "aten::scaled_dot_product_attention"]
        for column in (decode.operators, decode.grown)
    )
    assert len(first) == len(last) == 80
    assert {op.inputs[1].shape for op in first} == {(2, 8, 17, 128)}  # 8 key heads: queries are grouped
    assert {op.inputs[1].shape for op in last} == {(2, 8, 20, 128)}
    assert {op.attribute("kind") for op in first} == {"self"}
    assert sum(op.name == "aten::copy_" for op in graph.ops(decode)) == 2 * 80
    assert graph.num_parameters == 68_976_648_192  # shared by both stages
