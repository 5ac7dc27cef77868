"""Shapes of a graph for a trace that has none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from simulator.projection.graph_shapes import lent_shapes, with_shapes_of
from simulator.projection.operator_times import can_predict
from simulator.projection.traced import graph_of_trace
from tracer.events.attribution import attribute
from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.graph import GraphError, Op, OpGraph, TensorSpec
from tracer.storage.graph_file import save_graph
from tracer.trace import RunFacts, Trace

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
    assert (taken.runs, taken.calls, dict(taken.apart)) == (3, 9, {})
    # 3136 blocks of 128 threads with 4 elements each: 8 x 64 x 56 x 56.
    assert taken.elements == pytest.approx(1.0)
    assert not taken.other_batch
    answering = attribute(trace, can_predict)
    assert answering.modelled.all()
    operators = [trace.operators[number] for number in answering.operators]
    assert [op.name for op in operators] == ["aten::conv2d", "aten::relu_", "aten::add_"] * 3
    assert {op.inputs[0].shape for op in operators} == {(8, 64, 56, 56)}


def test_calls_that_are_no_multiple_stay_without_shapes(graph: OpGraph) -> None:
    twice = OpGraph(
        **{name: getattr(graph, name) for name in graph.__dataclass_fields__ if name != "stages"},
        stages=(graph.stages[0], graph.stages[0]),
    )
    found = with_shapes_of(_run(*_PAIRS, runs=3), twice)
    assert found is not None
    assert found[1].calls == 0
    assert found[1].apart["aten::relu"] == (3, 2)
    assert "aten::relu: 3 calls are no multiple of the graph's 2, left without shapes" in found[1].lines()


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
    assert fewer[1].apart == {"product": (1, 2)}


def test_a_graph_file_lends_its_shapes(graph: OpGraph, tmp_path: Path) -> None:
    save_graph(graph, tmp_path / "step.npz")
    _, said = lent_shapes(_run(*_PAIRS, runs=2), tmp_path / "step.npz")
    assert said == ("recorded without shapes: 6 calls have those of the graph, run 2 times",)
    with pytest.raises(GraphError, match="run: has shapes of its own"):
        lent_shapes(_run(*_PAIRS, shaped=True), tmp_path / "step.npz")
