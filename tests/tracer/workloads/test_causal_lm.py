from __future__ import annotations

import pytest

from tracer.capture.meta import GraphBuilder
from tracer.graph import GraphError, Workload
from tracer.workloads.causal_lm import ATTENTION_KINDS, causal_lm_stages

pytestmark = pytest.mark.torch

WIDTH, HIDDEN, LAYERS, HEADS, KV_HEADS, VOCABULARY = 64, 96, 2, 4, 2, 100
CONFIG = {
    "hidden_size": WIDTH,
    "intermediate_size": HIDDEN,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": KV_HEADS,
    "vocab_size": VOCABULARY,
    "tie_word_embeddings": False,
}
PROMPT, NEW = 12, 6
WORKLOAD = Workload(batch=3, prompt_length=PROMPT, max_new_tokens=NEW, dtype="bfloat16")
# Weights that every token meets: four projections, of which two are for fewer heads, and a gated feed-forward.
LAYER_WEIGHTS = WIDTH**2 * (2 + 2 * KV_HEADS / HEADS) + 3 * WIDTH * HIDDEN


@pytest.fixture(scope="module")
def stages():
    return causal_lm_stages(CONFIG, WORKLOAD)


def expected(tokens: int, keys: int) -> float:
    per_layer = 2 * tokens * LAYER_WEIGHTS + 4 * tokens * keys * WIDTH
    return WORKLOAD.batch * (LAYERS * per_layer + 2 * WIDTH * VOCABULARY)


def test_prefill_by_hand(stages, measure):
    prefill = stages[0]
    assert (prefill.name, prefill.repeats, prefill.grows) == ("prefill", 1, False)
    found = measure(prefill)
    assert found.flops == expected(PROMPT, PROMPT)
    assert found.shape == (3,)


@pytest.mark.parametrize("repeat", [0, NEW - 2])
def test_decode_by_hand(stages, measure, repeat):
    decode = stages[1]
    assert (decode.repeats, decode.grows) == (NEW - 1, True)
    assert measure(decode, repeat).flops == expected(1, PROMPT + repeat + 1)


def test_weights_are_shared(stages):
    assert stages[0].module is stages[1].module
    assert {stage.component for stage in stages} == {"model"}


def test_attention_is_causal_in_prefill_and_reads_the_whole_cache_in_decode(stages):
    builder = GraphBuilder(attention_kinds=ATTENTION_KINDS)
    for stage in stages:
        builder.add_stage(
            stage.name,
            stage.component,
            stage.module,
            lambda repeat, stage=stage: stage.run(stage.module, repeat),
            repeats=stage.repeats,
            grows=stage.grows,
        )
    graph = builder.build("llm", WORKLOAD)
    calls = {
        stage.name: [op for op in graph.ops(stage) if op.name.endswith("dot_product_attention")]
        for stage in graph.stages
    }
    assert all(op.attribute("is_causal") and len(op.inputs) == 3 for op in calls["prefill"])
    assert not any(op.attribute("is_causal") for op in calls["decode"])
    assert {op.attribute("kind") for ops in calls.values() for op in ops} == {"self"}
    head_dim = WIDTH // HEADS
    assert calls["decode"][0].inputs[1].shape == (3, KV_HEADS, PROMPT + 1, head_dim)
    grown = [graph.operators[i] for i in graph.stage("decode").grown]
    keys = [op.inputs[1].shape for op in grown if op.name.endswith("dot_product_attention")]
    assert keys == [(3, KV_HEADS, PROMPT + NEW - 1, head_dim)] * LAYERS


def test_cache_is_copied_for_every_token(stages):
    builder = GraphBuilder()
    builder.add_stage("decode", "model", stages[1].module, lambda repeat: stages[1].run(stages[1].module, 0))
    graph = builder.build("llm", WORKLOAD)
    cats = [op for op in graph.ops(graph.stages[0]) if op.name == "aten::cat" and len(op.inputs[0].shape) == 4]
    copied = [op for op in cats if op.inputs[0].shape[2] == PROMPT]
    assert len(copied) == 2 * LAYERS


def test_one_new_token_needs_no_decoding():
    workload = Workload(prompt_length=4, max_new_tokens=1, dtype="float16")
    assert [stage.name for stage in causal_lm_stages(CONFIG, workload)] == ["prefill"]


def test_lengths_are_needed():
    with pytest.raises(GraphError, match="needs prompt_length and max_new_tokens"):
        causal_lm_stages(CONFIG, Workload(prompt_length=4))
