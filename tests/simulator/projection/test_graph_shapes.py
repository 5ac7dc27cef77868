"""Shapes of a graph for a trace that has none."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.projection.graph_shapes import lent_shapes, with_shapes_of
from simulator.projection.operator_times import can_predict
from simulator.projection.traced import graph_of_trace
from tracer.events.attribution import attribute
from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.formats import read_trace
from tracer.graph import GraphError, Op, OpGraph, TensorSpec
from tracer.storage.graph_file import save_graph
from tracer.trace import RunFacts, Trace

_TRACE = Path(__file__).parents[4] / "shared/measured/traces/kineto/h100_gaunernst_bert-small-uncased__1016001.json.gz"
_KERNEL = (
    "void at::native::vectorized_elementwise_kernel<4, at::native::CUDAFunctor_add<float>, std::array<char*, 3ul> >"
)
_IMAGE = [8, 64, 56, 56]
_SHAPES = {
    "aten::conv2d": [_IMAGE, [64, 64, 3, 3], [], [], [], [], []],
    "aten::cudnn_convolution": [_IMAGE, [64, 64, 3, 3], [], [], [], [], []],
    "aten::relu_": [_IMAGE],
    "aten::add_": [_IMAGE, _IMAGE],
}
_VALUES = {
    name: ["", "", "", "[1, 1]", "[1, 1]", "[1, 1]", "1"] for name in ("aten::conv2d", "aten::cudnn_convolution")
}


def _run(*operators: tuple[str, str], runs: int = 1, shaped: bool = False, blocks: int = 3136) -> Trace:
    """Operators as ``(name, what it calls and what launches a kernel)``, one after another."""
    builder, now = TraceBuilder(), 0
    for outer, inner in operators * runs:
        now += 1000
        for name, start, duration in ((outer, now, 100), (inner, now + 10, 50)):
            shapes = _SHAPES.get(name, []) if shaped else []
            types = ["float" if shape else "" for shape in shapes]
            arguments = RecordedArguments(shapes=shapes, types=types, values=_VALUES.get(name, []))
            builder.add_call(name, arguments, start=start, duration=duration)
        builder.add_host_call("cudaLaunchKernel", start=now + 20, duration=5, correlation=now)
        builder.add_kernel(_KERNEL, start=now + 200, duration=100, correlation=now, grid=(blocks, 1, 1, 128, 1, 1))
    return builder.build("run", RunFacts(device="NVIDIA H100 80GB HBM3"))


_PAIRS = (
    ("aten::conv2d", "aten::cudnn_convolution"),
    ("aten::relu_", "aten::clamp_min_"),
    ("aten::add_", "aten::add_"),
)


@pytest.fixture(scope="module")
def graph() -> OpGraph:
    """The same with shapes, run once."""
    return graph_of_trace(_run(("aten::conv2d", "x"), ("aten::relu_", "x"), ("aten::add_", "x"), shaped=True))


def test_a_trace_of_its_own_shapes_is_left(graph: OpGraph) -> None:
    assert with_shapes_of(_run(*_PAIRS, shaped=True), graph) is None


def test_messages_between_ranks_have_their_sizes_in_any_case(graph: OpGraph) -> None:
    """Three kernels of operators without shapes and one of a message with its size."""
    trace = _run(*_PAIRS, ("c10d::allreduce_", "aten::add_"))
    message = Op("message::all_reduce", (TensorSpec((1024,), "float32"),), ())
    number = next(n for n, op in enumerate(trace.operators) if op.name == "c10d::allreduce_")
    operators = tuple(message if n == number else op for n, op in enumerate(trace.operators))
    assert with_shapes_of(replace(trace, operators=operators), graph) is not None


def test_operators_are_lined_up_by_kind_and_name(graph: OpGraph) -> None:
    found = with_shapes_of(_run(*_PAIRS, runs=3), graph)
    assert found is not None
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


def test_what_one_of_both_lacks_stays_without_shapes(graph: OpGraph) -> None:
    """A run with one addition more than the graph: of two at its end nothing says which is the graph's."""
    found = with_shapes_of(_run(*_PAIRS, *_PAIRS, _PAIRS[2], ("my::fused", "aten::tanh_")), graph)
    assert found is not None
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


def test_a_graph_of_another_batch_is_told_by_the_elementwise_kernels(graph: OpGraph) -> None:
    found = with_shapes_of(_run(*_PAIRS, blocks=4 * 3136), graph)
    assert found is not None
    assert found[1].elements == pytest.approx(4.0)
    assert found[1].other_batch
    assert any("go through 4 times as many elements" in line for line in found[1].lines())


def _kernels(*names: str, blocks: int = 64) -> Trace:
    """A trace of kernels alone."""
    builder = TraceBuilder()
    for place, name in enumerate(names):
        builder.add_kernel(name, start=1000 * place, duration=500, grid=(blocks, 1, 1, 128, 1, 1))
    return builder.build("run", RunFacts(device="NVIDIA H100 80GB HBM3"))


_GEMM, _FLASH = "ampere_bf16_s16816gemm_bf16_128x128_ldg8_f2f_stages_32x5_nn", "flash_fwd_kernel<64, 128, 128>"


@pytest.fixture(scope="module")
def layer() -> OpGraph:
    """Two products and an attention."""
    builder = TraceBuilder()
    for place, (name, shapes) in enumerate(
        (
            ("aten::mm", [[1024, 256], [256, 1024]]),
            ("aten::_flash_attention_forward", [[1, 1024, 16, 64]] * 3),
            ("aten::mm", [[1024, 1024], [1024, 1024]]),
        )
    ):
        arguments = RecordedArguments(shapes=shapes, types=["c10::BFloat16"] * len(shapes))
        builder.add_call(name, arguments, start=1000 * place, duration=100)
    return graph_of_trace(builder.build("layer", RunFacts()))


def test_kernels_of_no_operator_are_lined_up_by_what_their_names_tell(layer: OpGraph) -> None:
    found = with_shapes_of(_kernels(*(_GEMM, _FLASH, _GEMM, "my_kernel") * 2), layer)
    assert found is not None
    trace, taken = found
    assert (taken.runs, taken.calls, dict(taken.apart), taken.elements) == (2, 6, {}, None)
    answering = attribute(trace, can_predict)
    products = answering.operators[answering.owner[[0, 2, 4]]].tolist()
    reduced = [trace.operators[number].inputs[0].shape[-1] for number in products]
    assert reduced == [256, 1024, 256]
    assert answering.owner[3] == answering.owner[7] == -1


def test_kernels_of_another_batch_cover_more_than_the_outputs(layer: OpGraph) -> None:
    found = with_shapes_of(_kernels(_GEMM, _FLASH, _GEMM, blocks=256), layer)
    assert found is not None
    assert found[1].elements == pytest.approx(4.0)
    fewer = with_shapes_of(_kernels(_GEMM, _FLASH), layer)
    assert fewer is not None
    assert (fewer[1].calls, fewer[1].apart) == (2, {})
    more = with_shapes_of(_kernels(*(_GEMM,) * 4, _FLASH, _GEMM), layer)
    assert more is not None
    assert (more[1].calls, more[1].apart) == (2, {"product": (5, 2, 1)})


def test_kernels_in_another_number_format_are_no_operators_of_most(layer: OpGraph) -> None:
    """A window that begins within a run, and in which one product is in float32: no product of the graph."""
    names = [_FLASH, _GEMM, *(_GEMM, _FLASH, _GEMM) * 9]
    names[-1] = "volta_sgemm_128x64_nn"
    found = with_shapes_of(_kernels(*names), layer)
    assert found is not None
    trace, taken = found
    assert (taken.calls, taken.apart) == (28, {"product": (19, 20, 18)})
    assert trace.kernels.call[-1] == -1
    assert trace.operators[trace.calls.operator[trace.kernels.call[1]]].inputs[0].shape == (1024, 1024)


def test_a_graph_file_lends_its_shapes(graph: OpGraph, tmp_path: Path) -> None:
    save_graph(graph, tmp_path / "step.npz")
    _, said = lent_shapes(_run(*_PAIRS, runs=2), tmp_path / "step.npz")
    assert said == (
        "recorded without shapes: 6 calls, 100.0% of the device time, have those of the graph, run 2 times",
    )
    with pytest.raises(GraphError, match="run: has shapes of its own"):
        lent_shapes(_run(*_PAIRS, shaped=True), tmp_path / "step.npz")


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
    found = with_shapes_of(_without_shapes(trace), graph_of_trace(trace))
    assert found is not None
    (op,) = {found[0].operators[number] for number in attribute(found[0], can_predict).operators}
    assert (op.name, op.inputs[0].shape) == ("aten::_scaled_dot_product_efficient_attention", (2, 4, 64, 32))


@pytest.mark.measured
@pytest.mark.skipif(not _TRACE.exists(), reason="needs the public traces beside the checkout")
def test_a_public_trace_without_its_shapes_is_predicted_as_with_them() -> None:
    trace = read_trace(_TRACE)
    found = with_shapes_of(_without_shapes(trace), graph_of_trace(trace))
    assert found is not None
    lent, taken = found
    assert taken.share > 0.99
    of = [attribute(each, can_predict) for each in (trace, lent)]
    assert of[0].modelled.sum() == of[1].modelled.sum()
    known = [Counter(each.trace.operators[n] for n in each.operators[each.modelled]) for each in of]
    assert known[0] == known[1]
