"""Executions by component: modes, named attention kernels, and layouts that a compiler decides on by graph."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.execution import Execution, ExecutionError
from simulator.lowering import lower
from simulator.lowering.graphs.parts import parts_of
from simulator.software import load_software
from tracer.graph import Op, OpGraph, TensorSpec


def _t(*shape: int) -> TensorSpec:
    return TensorSpec(shape, "float16", (), 0)


def _attention(head: int, length: int = 64) -> Op:
    tensor = _t(1, 2, length, head)
    return Op("aten::scaled_dot_product_attention", (tensor,) * 3, (tensor,))


def _convolution(into: int, out: int) -> Op:
    return Op("aten::convolution", (_t(1, into, 8, 8), _t(out, into, 3, 3)), (_t(1, out, 8, 8),), (("groups", 1),))


@pytest.fixture
def pipeline(make_graph):
    """Function: graph of two stages, a denoiser that runs 10 times and a decoder that runs once, of one call each."""

    def make(denoiser: Op, decoder: Op) -> OpGraph:
        graph: OpGraph = make_graph([denoiser, decoder])
        (both,) = graph.stages
        parts = [
            replace(
                both,
                operators=both.operators[at : at + 1],
                modules=both.modules[at : at + 1],
                inputs=both.inputs[: len(op.inputs)],
                outputs=both.outputs[:1],
            )
            for at, op in enumerate((denoiser, decoder))
        ]
        stages = (
            replace(parts[0], name="unet", component="unet", repeats=10),
            replace(parts[1], name="decoder", component="vae", repeats=1),
        )
        return replace(graph, stages=stages)

    return make


def test_a_kernel_by_name_is_the_denoisers_and_others_say_what_they_take(pipeline):
    parts = parts_of(pipeline(_attention(64), _attention(512)), Execution(attention="flash2"))
    assert {name: own.attention for name, own in parts.executions.items()} == {"unet": "flash2", "decoder": "flash"}
    assert parts.remarks == (
        "attention flash2 runs no call with heads of 512 elements, more than 256: vae takes what the framework picks.",
    )


def test_a_kernel_by_name_is_refused_where_the_denoiser_has_no_use_for_it(pipeline):
    with pytest.raises(ExecutionError, match="attention 'flash2' cannot run a call with heads of 512"):
        lower(pipeline(_attention(512), _attention(64)), Execution(attention="flash2"))


@pytest.mark.parametrize("attention", ["naive", "flash", "efficient"])
def test_what_runs_everywhere_is_no_remark(attention, pipeline):
    graph = pipeline(_attention(64), _attention(512))
    parts = parts_of(graph, Execution(attention=attention))
    assert parts.remarks == ()
    assert {own.attention for own in parts.executions.values()} == {attention}


def test_a_mode_of_one_component(pipeline):
    graph = pipeline(_attention(64), _attention(512))
    launches = lower(graph, Execution(mode="compiled-graph", components=("unet",)))
    assert [stage.mode for stage in launches.stages] == ["compiled-graph", "eager"]


def test_components_that_are_not_there_are_refused(pipeline):
    graph = pipeline(_attention(64), _attention(512))
    with pytest.raises(ExecutionError, match="has no component 'transformer'; valid: unet, vae"):
        lower(graph, Execution(mode="compiled", components=("transformer",)))


@pytest.mark.parametrize(
    ("release", "denoiser", "decoder"),
    [("torch-2.0", False, False), ("torch-2.1", False, True), ("torch-2.4", True, True)],
)
def test_a_release_decides_on_layout_by_graph(release, denoiser, decoder, pipeline):
    graph = pipeline(_convolution(32, 16), _convolution(16, 16))
    parts = parts_of(graph, Execution(mode="compiled", software=load_software(release)))
    assert [own.optimizes_layout for own in parts.executions.values()] == [denoiser, decoder]


def test_autocast_needs_something_narrow(make_graph):
    wide = TensorSpec((4, 4), "float32", (), 0)
    graph = make_graph([Op("aten::relu", (wide,), (wide,))])
    with pytest.raises(ExecutionError, match=r"autocast: nothing of hand-made is in 16 bits; .* float16 or bfloat16"):
        parts_of(graph, Execution(autocast=True))
