"""Calls with the shapes of a graph's operators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.projection.lent.operators import of_operators
from simulator.projection.operator_times import can_predict
from simulator.projection.traced import graph_of_trace
from tracer.events.attribution import attribute
from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.formats import read_trace
from tracer.graph import Op, OpGraph
from tracer.trace import RunFacts, Trace

_TRACE = Path(__file__).parents[5] / "shared/measured/traces/kineto/h100_gaunernst_bert-small-uncased__1016001.json.gz"
_PAIRS = (
    ("aten::conv2d", "aten::cudnn_convolution"),
    ("aten::relu_", "aten::clamp_min_"),
    ("aten::add_", "aten::add_"),
)


def test_operators_are_lined_up_by_kind_and_name(run: Callable[..., Trace], graph: OpGraph) -> None:
    found = of_operators(run(*_PAIRS, runs=3), graph)
    trace, taken = found
    assert (taken.runs, taken.calls, taken.share, dict(taken.apart), dict(taken.strange)) == (3, 9, 1.0, {}, {})
    # 3136 blocks of 128 threads with 4 elements each: 8 x 64 x 56 x 56.
    assert taken.elements == pytest.approx(1.0)
    assert not taken.other_batch
    answering = attribute(trace, can_predict)
    assert answering.modelled.all()
    operators = [trace.operators[number] for number in answering.operators]
    assert [op.name for op in operators] == ["aten::conv2d", "aten::relu_", "aten::add_"] * 3
    assert {op.inputs[0].shape for op in operators} == {(8, 64, 56, 56)}


def test_what_one_of_both_lacks_stays_without_shapes(run: Callable[..., Trace], graph: OpGraph) -> None:
    """A run with one addition more than the graph: of two at its end nothing says which is the graph's."""
    found = of_operators(run(*_PAIRS, *_PAIRS, _PAIRS[2], ("my::fused", "aten::tanh_")), graph)
    trace, taken = found
    assert (taken.runs, taken.calls) == (2, 5)
    assert taken.share == pytest.approx(5 / 8)
    assert taken.apart == {"aten::add": (3, 2, 1)}
    assert dict(taken.strange) == {"aten::tanh_": pytest.approx(1 / 8)}
    said = taken.lines()
    assert said[0] == "recorded without shapes: 5 calls, 62.5% of the device time, have those of the graph, run 2 times"
    assert "aten::add: 1 of 3 calls lined up with the graph's 2, the others are without shapes" in said
    assert "not in the graph: aten::tanh_ (12.5%) of the device time" in said
    assert not trace.operators[trace.calls.operator[-1]].inputs


def test_a_graph_of_another_batch_is_told_by_the_elementwise_kernels(run: Callable[..., Trace], graph: OpGraph) -> None:
    found = of_operators(run(*_PAIRS, blocks=4 * 3136), graph)
    assert found[1].elements == pytest.approx(4.0)
    assert found[1].other_batch
    assert any("go through 4 times as many elements" in line for line in found[1].lines())


def _without_shapes(trace: Trace) -> Trace:
    return replace(trace, operators=tuple(Op(op.name, (), ()) for op in trace.operators))


def test_attention_is_the_kernel_that_the_trace_names() -> None:
    shapes = [[2, 4, 64, 32]] * 3
    builder = TraceBuilder()
    for place, (name, duration) in enumerate(
        (("aten::scaled_dot_product_attention", 100), ("aten::_scaled_dot_product_efficient_attention", 50))
    ):
        arguments = RecordedArguments(shapes=shapes, types=["c10::Half"] * 3)
        builder.add_call(name, arguments, start=1000 + 10 * place, duration=duration)
    builder.add_host_call("cudaLaunchKernel", start=1020, duration=5, correlation=1)
    builder.add_kernel("fmha_cutlassF_f16_aligned_64x64_rf_sm80", start=2000, duration=100, correlation=1)
    trace = builder.build("attention", RunFacts(device="NVIDIA H100 80GB HBM3"))
    found = of_operators(_without_shapes(trace), graph_of_trace(trace))
    (op,) = {found[0].operators[number] for number in attribute(found[0], can_predict).operators}
    assert (op.name, op.inputs[0].shape) == ("aten::_scaled_dot_product_efficient_attention", (2, 4, 64, 32))


@pytest.mark.measured
@pytest.mark.skipif(not _TRACE.exists(), reason="needs the public traces beside the checkout")
def test_a_public_trace_without_its_shapes_is_predicted_as_with_them() -> None:
    trace = read_trace(_TRACE)
    found = of_operators(_without_shapes(trace), graph_of_trace(trace))
    lent, taken = found
    assert taken.share > 0.99
    of = [attribute(each, can_predict) for each in (trace, lent)]
    assert of[0].modelled.sum() == of[1].modelled.sum()
    known = [Counter(each.trace.operators[n] for n in each.operators[each.modelled]) for each in of]
    assert known[0] == known[1]
