"""Operators of a trace against those of a graph."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulator.projection.traced import graph_of_trace
from tracer.graph import OpGraph, Stage
from tracer.storage.graph_file import save_graph
from tracer.trace import RunFacts, Trace
from tracer.workloads import UnknownWorkloadError
from validation.errors.graph_difference import against_graph, graph_to_compare


@pytest.fixture
def graph(measured_trace: Trace) -> OpGraph:
    """Graph of the trace's own predictable operators."""
    return graph_of_trace(measured_trace)


def _with_repeats(graph: OpGraph, repeats: int) -> OpGraph:
    (stage,) = graph.stages
    return replace(graph, stages=(replace(stage, repeats=repeats),))


def test_a_trace_has_what_its_own_graph_has(measured_trace: Trace, graph: OpGraph) -> None:
    found = against_graph(measured_trace, graph)
    assert (found.calls_in_graph, found.calls_in_trace, found.matched) == (4, 5, 4)
    assert [row.operator for row in found.missing] == ["aten::copy_"]
    assert found.extra == ()


def test_counts_differ_by_runs(measured_trace: Trace, graph: OpGraph) -> None:
    twice = _with_repeats(graph, 2)
    found = against_graph(measured_trace, twice)
    assert {(row.operator, row.in_graph, row.in_trace) for row in found.extra} >= {("aten::mm", 4, 2)}
    assert against_graph(measured_trace, twice, repeats={"trace": 1}).extra == ()
    told = replace(measured_trace, facts=RunFacts(settings=(("runs.trace", 1),)))
    assert against_graph(told, twice).extra == ()


def test_the_outermost_operator_that_the_graph_knows_counts(product_graph: OpGraph, nested: Trace) -> None:
    found = against_graph(nested, product_graph)
    assert (found.matched, found.missing, found.extra) == (1, (), ())
    assert found.matched_time_share == 1.0


@pytest.fixture
def nested(measured_trace: Trace) -> Trace:
    """The first product within a call of the same name, in place: what it calls does not count again."""
    calls = measured_trace.calls
    kernels = measured_trace.kernels
    first = {name: getattr(calls, name)[:2] for name in ("operator", "module", "stage", "thread", "repeats")}
    times = {name: getattr(calls, name)[:2] for name in ("start", "duration")}
    rows = {
        name: getattr(kernels, name)[:1]
        for name in "name kind launch correlation device stream grid start duration repeats".split()  # noqa: SIM905
    }
    return replace(
        measured_trace,
        calls=replace(calls, **first, **times, parent=np.array([-1, 0])),
        kernels=replace(kernels, **rows, call=np.array([1])),
        host=replace(measured_trace.host, call=np.full(len(measured_trace.host), -1)),
    )


@pytest.fixture
def product_graph(graph: OpGraph) -> OpGraph:
    """One product alone."""
    (stage,) = graph.stages
    one: Stage = replace(
        stage,
        operators=stage.operators[:1],
        modules=stage.modules[:1],
        inputs=stage.inputs[:2],
        outputs=stage.outputs[:1],
    )
    return replace(graph, stages=(one,))


@pytest.mark.torch
def test_a_real_run_has_the_operators_of_its_graph() -> None:
    torch = pytest.importorskip("torch")
    from tracer.capture import trace_module
    from tracer.capture.device import CaptureOptions, trace_callable

    net = torch.nn.Sequential(
        torch.nn.Conv2d(4, 8, 3, padding=1), torch.nn.GroupNorm(2, 8), torch.nn.SiLU(), torch.nn.Flatten(),
        torch.nn.Linear(8 * 64, 16), torch.nn.LayerNorm(16), torch.nn.Softmax(-1),
    )  # fmt: skip
    data = torch.randn(2, 4, 8, 8)
    real = trace_callable(net, data, name="net", options=CaptureOptions(device="cpu"))
    found = against_graph(real, trace_module(net.to("meta"), data.to("meta"), name="net"))
    assert found.missing == ()
    assert found.extra == ()
    assert found.matched == 6


def test_a_graph_comes_from_a_file_or_is_traced_as_the_run_was_set(
    measured_trace: Trace, graph: OpGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_graph(graph, tmp_path / "graph.npz")
    assert graph_to_compare(str(tmp_path / "graph.npz"), measured_trace).operators == graph.operators
    asked: dict[str, object] = {}
    monkeypatch.setattr(
        "validation.errors.graph_difference.graph_of", lambda name, settings: asked.update(settings) or graph
    )
    settings = (("workload.batch", 3), ("workload.num_frames", None), ("runs.unet", 1))
    graph_to_compare("stable-diffusion", replace(measured_trace, facts=RunFacts(settings=settings)))
    assert asked == {"batch": 3}
    with pytest.raises(UnknownWorkloadError):
        graph_to_compare("nothing", measured_trace)
