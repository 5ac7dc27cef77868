from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.capture.meta import GraphBuilder
from tracer.graph import KEY_VALUE_CACHES, KEY_VALUE_DTYPES, GraphError, OpGraph, Workload
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


def decoded(kind: str, context: int = 0, stored: str | None = None) -> OpGraph:
    """Prefill and first pass of decoding with a kind of cache."""
    workload = replace(WORKLOAD, kv_cache=kind, context_length=context, kv_cache_dtype=stored)
    builder = GraphBuilder(attention_kinds=ATTENTION_KINDS)
    for stage in causal_lm_stages(CONFIG, workload):
        builder.add_stage(stage.name, "model", stage.module, lambda repeat, stage=stage: stage.run(stage.module, 0))
    return builder.build("llm", workload)


@pytest.fixture(scope="module", params=KEY_VALUE_CACHES)
def by_kind(request):
    return request.param, decoded(request.param, context=5)


def test_what_a_pass_reads_and_copies_by_kind_of_cache(by_kind):
    kind, graph = by_kind
    room, head_dim = 5 + PROMPT + NEW - 1, WIDTH // HEADS
    held = 5 + PROMPT
    ops = list(graph.ops(graph.stage("decode")))
    calls = [op for op in ops if op.name.endswith("attention")]
    assert [op.inputs[1].shape[-2] for op in calls] == [room if kind == "masked" else held + 1] * LAYERS
    assert [len(op.inputs) for op in calls] == [4 if kind == "masked" else 3] * LAYERS
    copied = [op for op in ops if op.name == "aten::cat" and op.inputs[0].shape == (3, KV_HEADS, held, head_dim)]
    written = [op for op in ops if op.name in ("aten::copy_", "aten::index_copy_", "serving::paged_write")]
    assert len(copied) == (2 * LAYERS if kind == "dynamic" else 0)
    assert len(written) == {"dynamic": 0, "paged": LAYERS}.get(kind, 2 * LAYERS)


def test_a_prompt_after_a_context_attends_to_both(by_kind):
    kind, graph = by_kind
    calls = [op for op in graph.ops(graph.stage("prefill")) if op.name.endswith("attention")]
    keys = 5 + PROMPT + (NEW - 1 if kind == "masked" else 0)
    assert [(op.inputs[0].shape[-2], op.inputs[1].shape[-2]) for op in calls] == [(PROMPT, keys)] * LAYERS
    # torch's causal mask begins at the first key; that of an engine's kernel ends at the last one.
    assert {bool(op.attribute("is_causal")) for op in calls} == {kind == "paged"}
    assert {len(op.inputs) for op in calls} == {3 if kind == "paged" else 4}


def test_an_engine_multiplies_once_for_projections_of_one_input(by_kind):
    kind, graph = by_kind
    products = [op for op in graph.ops(graph.stage("decode")) if op.name == "aten::mm"]
    assert len(products) == (4 if kind == "paged" else 7) * LAYERS + 1


def test_only_a_cache_that_is_read_whole_stays_as_long():
    grows = {kind: causal_lm_stages(CONFIG, replace(WORKLOAD, kv_cache=kind))[1].grows for kind in KEY_VALUE_CACHES}
    assert grows == {"dynamic": True, "static": True, "masked": False, "paged": True}


def test_one_new_token_needs_no_decoding():
    workload = Workload(prompt_length=4, max_new_tokens=1, dtype="float16")
    assert [stage.name for stage in causal_lm_stages(CONFIG, workload)] == ["prefill"]


def test_lengths_are_needed():
    with pytest.raises(GraphError, match="needs prompt_length and max_new_tokens"):
        causal_lm_stages(CONFIG, Workload(prompt_length=4))


@pytest.mark.parametrize("stored", KEY_VALUE_DTYPES)
def test_an_engine_reads_a_narrow_cache_as_it_is(stored):
    graph = decoded("paged", stored=stored)
    held = KEY_VALUE_DTYPES[stored]
    for stage in graph.stages:
        calls = [op for op in graph.ops(stage) if op.name == "serving::paged_attention"]
        assert [[t.dtype for t in op.inputs[:3]] for op in calls] == [["bfloat16", held, held]] * LAYERS
        writes = [op for op in graph.ops(stage) if op.name == "serving::paged_write"]
        assert [[t.dtype for t in op.inputs[:4]] for op in writes] == [["bfloat16"] * 2 + [held] * 2] * LAYERS


def test_torch_converts_a_narrow_cache_before_each_attention():
    graph = decoded("static", stored="fp8")
    ops = list(graph.ops(graph.stage("decode")))
    assert all(op.inputs[1].dtype == "bfloat16" for op in ops if op.name.endswith("dot_product_attention"))
    shape = (3, KV_HEADS, PROMPT + 1, WIDTH // HEADS)
    converted = [op for op in ops if op.inputs and (op.inputs[0].dtype, op.inputs[0].shape) == ("float8_e4m3fn", shape)]
    assert len(converted) == 2 * LAYERS
