"""A transformer block by hand: batch 2 (both passes of guidance), 8 tokens, 4 heads of 4, a hidden layer of 64."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tracer.graph import Op, OpGraph, StorageRole, TensorSpec, Workload
from tracer.operators import COLLECTIVES, kind_of

BATCH, TOKENS, HEADS, WIDTH, HIDDEN = 2, 8, 4, 16, 64
ROWS = BATCH * TOKENS


def _t(storage: int, *shape: int, strides: tuple[int, ...] = ()) -> TensorSpec:
    return TensorSpec(shape, "float16", strides, storage)


def _op(name: str, inputs: list[TensorSpec], *outputs: TensorSpec, **attributes: object) -> Op:
    return Op(f"aten::{name}", tuple(inputs), outputs, tuple(sorted(attributes.items())))


def _linear(read: int, weight: int, written: int, into: int, out: int) -> list[Op]:
    return [
        _op("view", [_t(read, BATCH, TOKENS, into)], _t(read, ROWS, into)),
        _op("t", [_t(weight, out, into)], _t(weight, into, out, strides=(1, into))),
        _op("mm", [_t(read, ROWS, into), _t(weight, into, out, strides=(1, into))], _t(written, ROWS, out)),
        _op("view", [_t(written, ROWS, out)], _t(written, BATCH, TOKENS, out)),
    ]


def _heads(storage: int) -> tuple[list[Op], TensorSpec]:
    width = WIDTH // HEADS
    split = _t(storage, BATCH, TOKENS, HEADS, width)
    turned = _t(storage, BATCH, HEADS, TOKENS, width, strides=(TOKENS * WIDTH, width, WIDTH, 1))
    return [
        _op("view", [_t(storage, BATCH, TOKENS, WIDTH)], split),
        _op("transpose", [split], turned),
    ], turned


def block() -> list[Op]:
    """Norm, attention with a residual, a hidden layer with another. Weights are storages 1 to 7."""
    calls = [_op("native_layer_norm", [_t(0, BATCH, TOKENS, WIDTH), _t(7, WIDTH)], _t(8, BATCH, TOKENS, WIDTH))]
    turned = []
    for weight, written in ((1, 9), (2, 10), (3, 11)):
        split, tensor = _heads(written)
        calls += [*_linear(8, weight, written, WIDTH, WIDTH), *split]
        turned.append(tensor)
    out = replace(turned[0], storage=12)
    calls += [
        _op("scaled_dot_product_attention", turned, out),
        _op("transpose", [out], _t(12, BATCH, TOKENS, HEADS, WIDTH // HEADS)),
        _op("view", [_t(12, BATCH, TOKENS, HEADS, WIDTH // HEADS)], _t(12, BATCH, TOKENS, WIDTH)),
        *_linear(12, 4, 13, WIDTH, WIDTH),
        _op("add", [_t(0, BATCH, TOKENS, WIDTH), _t(13, BATCH, TOKENS, WIDTH)], _t(14, BATCH, TOKENS, WIDTH)),
        *_linear(14, 5, 15, WIDTH, HIDDEN),
        _op("gelu", [_t(15, BATCH, TOKENS, HIDDEN)], _t(16, BATCH, TOKENS, HIDDEN)),
        *_linear(16, 6, 17, HIDDEN, WIDTH),
        _op("add", [_t(14, BATCH, TOKENS, WIDTH), _t(17, BATCH, TOKENS, WIDTH)], _t(18, BATCH, TOKENS, WIDTH)),
    ]
    return calls


@pytest.fixture
def tokens(make_graph) -> OpGraph:
    """One step of a guided denoiser of one block."""
    roles = dict.fromkeys(range(1, 8), StorageRole.PARAMETER)
    parameters = 4 * WIDTH * WIDTH + 2 * WIDTH * HIDDEN + WIDTH
    graph = make_graph(block(), roles=roles, parameters=parameters, repeats=3)
    return replace(graph, workload=Workload(guidance_scale=5.0, num_inference_steps=3))


@pytest.fixture
def messages():
    """Function that counts collectives of a graph's first stage: kind, ranks and bytes that go in to their number."""

    def count(graph: OpGraph) -> Counter[tuple[str, object, int]]:
        found: Counter[tuple[str, object, int]] = Counter()
        for at in graph.stages[0].operators.tolist():
            op = graph.operators[at]
            kind = kind_of(op.name)
            if kind in COLLECTIVES:
                found[kind.name, op.attribute("group_size"), op.inputs[0].nbytes] += 1
        return found

    return count
