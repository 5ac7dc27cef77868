from __future__ import annotations

import numpy as np
import pytest

from tracer.graph import Component, Op, OpGraph, Stage, TensorSpec
from validation.study.attribution import ATTRIBUTIONS, PARTS, attention_modules, is_attention, launch_times
from validation.study.laboratory import Laboratory


def _graph(calls: list[tuple[str, str]]) -> OpGraph:
    """Graph of calls given as (operator, module path); shapes do not matter here."""
    square = TensorSpec((4, 4), "float16")
    names = sorted({name for name, _ in calls})
    modules = sorted({module for _, module in calls})
    operators = tuple(Op(name, (square, square, square), (square,), (("kind", "spatial"),)) for name in names)
    indices = np.arange(len(calls))
    stage = Stage(
        name="net",
        component="net",
        repeats=1,
        operators=np.array([names.index(name) for name, _ in calls]),
        modules=np.array([modules.index(module) for _, module in calls]),
        inputs=np.repeat(indices, 3),
        outputs=indices,
    )
    from tracer.graph import Workload

    return OpGraph(
        name="hand made",
        workload=Workload(),
        operators=operators,
        modules=tuple(modules),
        stages=(stage,),
        components=(Component("net", 1, 2),),
        storage_bytes=np.full(len(calls), 32),
        storage_roles=np.full(len(calls), 3),
    )


_ATTENTION = "aten::scaled_dot_product_attention"


def test_an_attention_module_has_its_projections_and_its_own_norm() -> None:
    graph = _graph(
        [
            ("aten::native_layer_norm", "net.block.attention.norm"),
            ("aten::mm", "net.block.attention.core.query"),
            (_ATTENTION, "net.block.attention.core"),
            ("aten::mm", "net.block.mlp"),
        ]
    )
    assert attention_modules(graph, graph.stages[0]) == {"net.block.attention": "attention_spatial"}


def test_two_attentions_side_by_side_stay_apart() -> None:
    graph = _graph([(_ATTENTION, "net.block.first"), (_ATTENTION, "net.block.second")])
    assert set(attention_modules(graph, graph.stages[0])) == {"net.block.first", "net.block.second"}


def test_a_block_with_a_convolution_is_no_attention_module() -> None:
    graph = _graph([("aten::convolution", "net.block.conv"), (_ATTENTION, "net.block.attention.core")])
    assert set(attention_modules(graph, graph.stages[0])) == {"net.block.attention"}


@pytest.mark.parametrize("attention", ["naive", "flash"])
def test_both_attributions_add_up_to_the_kernel_time(laboratory: Laboratory, attention: str) -> None:
    simulation = laboratory.simulation(
        laboratory.graph(laboratory.image_model), "naive" if attention == "naive" else "flash"
    )
    times = launch_times(simulation)
    waiting = sum(stage.waiting.sum() for stage in simulation.timeline.stages)
    assert times.total == pytest.approx(simulation.report.latency - waiting)
    for attribution in ATTRIBUTIONS:
        parts = times.by_part(attribution)
        assert set(parts) <= set(PARTS)
        assert sum(parts.values()) == pytest.approx(times.total)
    assert times.flops.sum() == pytest.approx(simulation.report.flops)
    assert times.bytes.sum() == pytest.approx(simulation.report.bytes)


def test_modules_hold_more_attention_than_operators_and_as_much_convolution(laboratory: Laboratory) -> None:
    times = launch_times(laboratory.simulation(laboratory.graph(laboratory.image_model), "flash"))
    assert times.attention_time("module") > times.attention_time("operator")
    assert times.by_part("module")["convolution"] == pytest.approx(times.by_part("operator")["convolution"])
    assert times.by_part("module")["linear"] < times.by_part("operator")["linear"]


def test_group_norm_stands_apart_and_temporal_modules_are_found(laboratory: Laboratory) -> None:
    graph = laboratory.graph(laboratory.video_model)
    times = launch_times(laboratory.simulation(graph, "flash"))
    assert times.by_part("operator")["group_norm"] > 0
    modules = attention_modules(graph, graph.stage("decoder"))
    temporal = [path for path, kind in modules.items() if kind == "attention_temporal"]
    assert len(temporal) == 22
    assert all(path.endswith(".temporal") for path in temporal)
    assert is_attention("attention_temporal")
    assert not is_attention("linear")
