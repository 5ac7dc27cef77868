"""Qwen3 by hand: weights of all sizes, and what a token of the mixture multiplies with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.library.bundle import bundled_graph
from tracer.workloads.qwen3 import PIPELINES

BY_NAME = {pipeline.name: pipeline for pipeline in PIPELINES}
VOCABULARY, HEAD = 151936, 128


def by_hand(width: int, hidden: int, layers: int, heads: int, *, embeddings: int = 2) -> int:
    attention = 2 * width * HEAD * (heads + 8) + 2 * HEAD  # with the norms of queries and keys
    return layers * (attention + 3 * width * hidden + 2 * width) + embeddings * VOCABULARY * width + width


def test_published_parameters_by_hand():
    assert BY_NAME["qwen3-8b"].parameters["model"] == by_hand(4096, 12288, 36, 32)
    assert BY_NAME["qwen3-32b"].parameters["model"] == by_hand(5120, 25600, 64, 64)
    assert BY_NAME["qwen3-0.6b"].parameters["model"] == by_hand(1024, 3072, 28, 16, embeddings=1)


def test_a_token_of_the_mixture_meets_eight_experts():
    pipeline = BY_NAME["qwen3-30b-a3b"]
    graph = bundled_graph(pipeline.name, pipeline.defaults)
    assert graph is not None
    grouped = [op for op in graph.ops(graph.stage("decode")) if op.name == "serving::grouped_mm"]
    assert len(grouped) == 2 * 48
    assert [t.shape for t in grouped[0].inputs[:2]] == [(8, 2048), (128, 2048, 2 * 768)]
    assert grouped[0].attribute("choices") == 8


@pytest.mark.torch
def test_weights_of_the_mixture(parameter_count):
    pipeline = BY_NAME["qwen3-30b-a3b"]
    (prefill,) = pipeline.build(replace(pipeline.defaults, prompt_length=1, max_new_tokens=1))
    experts = 48 * 128 * 3 * 2048 * 768
    assert parameter_count(prefill) == pipeline.parameters["model"]
    assert 0.94 < experts / pipeline.parameters["model"] < 0.96
