from __future__ import annotations

from tracer.library.bundle import bundled_graph
from tracer.workloads.mixtral import PIPELINES

(PIPELINE,) = PIPELINES
WIDTH, HIDDEN, LAYERS, EXPERTS = 4096, 14336, 32, 8


def test_parameters_by_hand():
    attention = 2 * WIDTH**2 + 2 * WIDTH**2 // 4
    layer = attention + EXPERTS * 3 * WIDTH * HIDDEN + EXPERTS * WIDTH + 2 * WIDTH
    assert PIPELINE.parameters["model"] == LAYERS * layer + 2 * 32000 * WIDTH + WIDTH


def test_a_token_meets_two_experts():
    graph = bundled_graph(PIPELINE.name, PIPELINE.defaults)
    assert graph is not None
    grouped = [op for op in graph.ops(graph.stage("decode")) if op.name == "serving::grouped_mm"]
    assert [t.shape for t in grouped[0].inputs[:2]] == [(2, WIDTH), (EXPERTS, WIDTH, 2 * HIDDEN)]
    assert [t.shape for t in grouped[1].inputs[:2]] == [(2, HIDDEN), (EXPERTS, HIDDEN, WIDTH)]
