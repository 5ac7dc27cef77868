"""Kernels of no operator with operators of a graph."""

from __future__ import annotations

import pytest

from simulator.projection.lent.kernels import of_kernels
from simulator.projection.operator_times import can_predict
from simulator.projection.traced import graph_of_trace
from tracer.events.attribution import attribute
from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.graph import OpGraph
from tracer.trace import RunFacts, Trace


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
    found = of_kernels(_kernels(*(_GEMM, _FLASH, _GEMM, "my_kernel") * 2), layer)
    trace, taken = found
    assert (taken.runs, taken.calls, dict(taken.apart), taken.elements) == (2, 6, {}, None)
    answering = attribute(trace, can_predict)
    products = answering.operators[answering.owner[[0, 2, 4]]].tolist()
    reduced = [trace.operators[number].inputs[0].shape[-1] for number in products]
    assert reduced == [256, 1024, 256]
    assert answering.owner[3] == answering.owner[7] == -1


def test_kernels_of_another_batch_cover_more_than_the_outputs(layer: OpGraph) -> None:
    found = of_kernels(_kernels(_GEMM, _FLASH, _GEMM, blocks=256), layer)
    assert found[1].elements == pytest.approx(4.0)
    fewer = of_kernels(_kernels(_GEMM, _FLASH), layer)
    assert (fewer[1].calls, fewer[1].apart) == (2, {})
    more = of_kernels(_kernels(*(_GEMM,) * 4, _FLASH, _GEMM), layer)
    assert (more[1].calls, more[1].apart) == (2, {"product": (5, 2, 1)})


def test_kernels_in_another_number_format_are_no_operators_of_most(layer: OpGraph) -> None:
    """A window that begins within a run, and in which one product is in float32: no product of the graph."""
    names = [_FLASH, _GEMM, *(_GEMM, _FLASH, _GEMM) * 9]
    names[-1] = "volta_sgemm_128x64_nn"
    found = of_kernels(_kernels(*names), layer)
    trace, taken = found
    assert (taken.calls, taken.apart) == (28, {"product": (19, 20, 18)})
    assert trace.kernels.call[-1] == -1
    assert trace.operators[trace.calls.operator[trace.kernels.call[1]]].inputs[0].shape == (1024, 1024)


def test_norms_have_the_rows_of_the_graph_and_those_that_it_lacks_are_left() -> None:
    norm, rms = (
        "void at::native::(anonymous namespace)::vectorized_layer_norm_kernel<c10::BFloat16, float>(int, float)",
        "void vllm::rms_norm_kernel<c10::BFloat16>",
    )
    builder = TraceBuilder()
    for place, (name, shapes) in enumerate(
        (("aten::native_layer_norm", [[4, 197, 768], [768], [768]]), ("aten::mm", [[788, 768], [768, 64]]))
    ):
        arguments = RecordedArguments(shapes=shapes, types=["c10::BFloat16"] * len(shapes))
        builder.add_call(name, arguments, start=1000 * place, duration=100)
    graph = graph_of_trace(builder.build("layer", RunFacts()))
    trace, taken = of_kernels(_kernels(norm, rms, _GEMM, norm, _GEMM), graph)
    assert (taken.runs, taken.calls, dict(taken.apart)) == (2, 4, {})
    assert trace.kernels.call[1] == -1
    assert trace.operators[trace.calls.operator[trace.kernels.call[3]]].inputs[0].shape == (4, 197, 768)
