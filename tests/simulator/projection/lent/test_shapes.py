"""Which traces a graph lends its shapes to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.projection.lent.shapes import lent_shapes, with_shapes_of
from tracer.graph import GraphError, Op, OpGraph, TensorSpec
from tracer.storage.graph_file import save_graph
from tracer.trace import Trace

_PAIRS = (
    ("aten::conv2d", "aten::cudnn_convolution"),
    ("aten::relu_", "aten::clamp_min_"),
    ("aten::add_", "aten::add_"),
)


def test_a_trace_of_its_own_shapes_is_left(run: Callable[..., Trace], graph: OpGraph) -> None:
    assert with_shapes_of(run(*_PAIRS, shaped=True), graph) is None


def test_messages_between_ranks_have_their_sizes_in_any_case(run: Callable[..., Trace], graph: OpGraph) -> None:
    """Three kernels of operators without shapes and one of a message with its size."""
    trace = run(*_PAIRS, ("c10d::allreduce_", "aten::add_"))
    message = Op("message::all_reduce", (TensorSpec((1024,), "float32"),), ())
    number = next(n for n, op in enumerate(trace.operators) if op.name == "c10d::allreduce_")
    operators = tuple(message if n == number else op for n, op in enumerate(trace.operators))
    assert with_shapes_of(replace(trace, operators=operators), graph) is not None


def test_a_graph_file_lends_its_shapes(run: Callable[..., Trace], graph: OpGraph, tmp_path: Path) -> None:
    save_graph(graph, tmp_path / "step.npz")
    _, said = lent_shapes(run(*_PAIRS, runs=2), tmp_path / "step.npz")
    assert said == (
        "recorded without shapes: 6 calls, 100.0% of the device time, have those of the graph, run 2 times",
    )
    with pytest.raises(GraphError, match="run: has shapes of its own"):
        lent_shapes(run(*_PAIRS, shaped=True), tmp_path / "step.npz")
