"""Every pipeline, whole: nothing unmodelled, published sizes, and a graph that keeps its contract."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from hw_specs import CalibrationPool, load_accelerator
from simulator.execution import EXECUTION_MODES, Execution
from simulator.lowering import Launches, lower
from simulator.simulation import simulate
from simulator.work import work_of
from tracer.graph import OpGraph, StorageRole
from tracer.library.bundle import bundled_graph
from tracer.operators import is_free
from tracer.workloads import find_pipeline, iter_pipelines

_NAMES = tuple(pipeline.name for pipeline in iter_pipelines())
# Traced where the bundle lacks them, which takes a second each; the others are skipped then.
_QUICK = {"latte", "llama2-7b", "pixart-sigma"}
# A graph of launches holds the same kernels: test_a_graph_of_launches_has_the_same_kernels.
_MODES = [("eager", "flash"), ("compiled", "flash"), ("fused", "flash"), ("eager", "naive")]


@cache
def _graph(name: str) -> OpGraph:
    pipeline = find_pipeline(name)
    graph = bundled_graph(name, pipeline.defaults)
    if graph is not None:
        return graph
    if name not in _QUICK:
        pytest.skip(f"the bundle has no {name}, and tracing it takes long: trace bundle {name}")
    from tracer.capture.pipelines import capture_pipeline

    return capture_pipeline(pipeline, pipeline.defaults)


@cache
def _lowered(name: str, mode: str, attention: str) -> Launches:
    return lower(_graph(name), Execution(mode=mode, attention=attention))


@pytest.fixture(params=_NAMES, scope="module")
def name(request) -> str:
    """Of the module: all tests of a pipeline run one after another, and what one has lowered serves the next."""
    return request.param


def test_every_operator_has_a_formula_that_keeps_to_its_tensors(name):
    for op in _graph(name).operators:
        if is_free(op.name):
            continue
        work = work_of(op)
        assert min(work.contraction_flops, work.vector_flops, work.special_ops, work.bytes_read) >= 0
        assert work.bytes_written >= (op.outputs[0].nbytes if op.outputs else 0), op.name


@pytest.mark.parametrize(("mode", "attention"), _MODES)
def test_every_operator_has_a_rule(name, mode, attention):
    assert _lowered(name, mode, attention).unmodelled == {}


def test_flops_do_not_depend_on_execution(name):
    totals = {
        (mode, attention): float((table.matrix_flops * table.count).sum())
        for mode, attention in _MODES
        for table in [_lowered(name, mode, attention).kernels]
    }
    eager = totals["eager", "flash"]
    assert totals["compiled", "flash"] == pytest.approx(eager, rel=1e-12)
    # The naive algorithm computes what a causal mask then hides.
    assert totals["eager", "naive"] >= eager * (1 - 1e-12)


@pytest.mark.parametrize(("graph", "mode"), [("cuda-graph", "eager"), ("compiled-graph", "compiled")])
def test_a_graph_of_launches_has_the_same_kernels(graph, mode):
    captured, launched = (_lowered("stable-diffusion", each, "flash") for each in (graph, mode))
    assert set(EXECUTION_MODES) == {"cuda-graph", "compiled-graph"} | {name for name, _ in _MODES}
    assert len(captured.kernels) == len(launched.kernels)
    for one, other in zip(captured.stages, launched.stages, strict=True):
        np.testing.assert_array_equal(one.rows, other.rows)
    for column in ("matrix_flops", "bytes", "count"):
        np.testing.assert_array_equal(getattr(captured.kernels, column), getattr(launched.kernels, column))


def test_fusion_saves_launches_and_bytes(name):
    eager, compiled = (_lowered(name, mode, "flash").kernels for mode in ("eager", "compiled"))
    assert compiled.count.sum() <= eager.count.sum()
    assert (compiled.bytes * compiled.count).sum() <= (eager.bytes * eager.count).sum()


def test_fused_attention_saves_bytes(name):
    flash, naive = (_lowered(name, "eager", attention).kernels for attention in ("flash", "naive"))
    assert (flash.bytes * flash.count).sum() < (naive.bytes * naive.count).sum()


def test_parameters_are_those_published(name):
    pipeline = find_pipeline(name)
    counts = {c.name: c.num_parameters for c in _graph(name).components}
    assert set(pipeline.parameters) <= set(counts)
    for component, published in pipeline.parameters.items():
        if component in pipeline.differing:
            continue
        tolerance = 0.1 if component in pipeline.rounded else 0.01
        assert counts[component] == pytest.approx(published, rel=tolerance), component


def test_calls_lie_in_modules_of_their_component(name):
    graph = _graph(name)
    for stage in graph.stages:
        paths = {graph.modules[i] for i in np.unique(stage.modules)}
        assert {path.partition(".")[0] for path in paths} == {stage.component}


def test_weights_of_every_component_are_read(name):
    graph = _graph(name)
    for component in graph.components:
        inputs = np.concatenate([s.inputs for s in graph.stages if s.component == component.name])
        assert (graph.storage_roles[inputs] == StorageRole.PARAMETER).any() == (component.num_parameters > 0)


def test_report_adds_up(name):
    report = simulate(
        _graph(name), load_accelerator("a100"), fidelity="roofline", calibrations=CalibrationPool.shipped()
    ).report
    assert report.unmodelled == ()
    assert report.latency > 0
    for view in (report.by_stage, report.by_category, report.by_module):
        assert sum(entry.latency for entry in view.values()) == pytest.approx(report.latency)
        assert sum(entry.share for entry in view.values()) == pytest.approx(1)
        assert sum(entry.flops for entry in view.values()) == pytest.approx(report.flops)
        assert sum(entry.bytes for entry in view.values()) == pytest.approx(report.bytes)
