"""A trace in place of a workload."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hw_specs import CalibrationPool, SpecError, load_accelerator
from simulator.projection.parts import SIZED
from simulator.projection.traced import accelerator_of, graph_of_trace, project
from simulator.simulation import simulate
from tracer.event_columns import no_kernels
from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.trace import KernelKind, RunFacts, Trace, TraceFormatError

SHIPPED = CalibrationPool.shipped()


@pytest.fixture
def trace() -> Trace:
    """``linear`` in half precision."""
    return _linear("c10::Half")


def _linear(dtype: str) -> Trace:
    """``linear`` around ``t`` and ``addmm`` with one kernel, on a device that the catalogue has."""
    builder = TraceBuilder()
    shapes = {"aten::linear": [[64, 256], [512, 256], [512]], "aten::t": [[512, 256]]}
    shapes["aten::addmm"] = [[512], [64, 256], [256, 512]]
    times = {"aten::linear": (0, 100), "aten::t": (5, 5), "aten::addmm": (20, 50)}
    for name, extents in shapes.items():
        arguments = RecordedArguments(shapes=extents, types=[dtype] * len(extents))
        builder.add_call(name, arguments, start=times[name][0], duration=times[name][1])
    builder.add_host_call("cudaLaunchKernel", start=30, duration=5, correlation=1)
    builder.add_kernel("gemm", start=200, duration=9000, correlation=1)
    return builder.build("run", RunFacts(device="NVIDIA H100 80GB HBM3"))


def test_its_graph_simulates(trace: Trace) -> None:
    graph = graph_of_trace(trace)
    assert [op.name for op in graph.ops(graph.stages[0])] == ["aten::t", "aten::addmm"]
    report = simulate(graph, load_accelerator("a100_sxm4_80gb"), calibrations=SHIPPED).report
    assert report.flops == 2 * 64 * 256 * 512
    assert report.unmodelled == ()


def test_it_projects_from_the_device_that_it_names(trace: Trace) -> None:
    found = project(trace, load_accelerator("a100_sxm4_80gb"), calibrations=SHIPPED)
    assert found.source == "H100-SXM5-80GB"
    assert found.measured_time == pytest.approx(9e-6)
    assert found.elapsed_time == pytest.approx(found.combined_time)
    assert found.unscaled == ()


def test_without_device_events_there_is_nothing_to_project(trace: Trace) -> None:
    bare = replace(trace, kernels=no_kernels())
    with pytest.raises(TraceFormatError, match="no measured times to project"):
        project(bare, load_accelerator("a100_sxm4_80gb"), calibrations=SHIPPED)
    assert graph_of_trace(bare).stages[0].num_calls == 1


def test_without_operators_there_is_nothing_to_simulate(trace: Trace) -> None:
    views = replace(trace, kernels=no_kernels(), calls=replace(trace.calls, operator=np.array([1, 1, 1])))
    with pytest.raises(TraceFormatError, match="nothing to simulate"):
        graph_of_trace(views)


def test_a_trace_of_no_known_device_says_what_to_give(trace: Trace) -> None:
    with pytest.raises(SpecError, match=r"run: does not say which device it ran on; give --hw NAME"):
        accelerator_of(replace(trace, facts=RunFacts()), "--hw")
    with pytest.raises(SpecError, match=r"run: ran on 'Abacus': no accelerator 'Abacus'.*, as --from"):
        accelerator_of(replace(trace, facts=RunFacts(device="Abacus")), "--from")


def test_a_trace_of_kernels_alone_is_refused_with_the_ends_of_the_rooflines(trace: Trace) -> None:
    kernels = replace(trace.kernels, call=np.array([-1]), launch=np.array([-1]))
    stray = replace(trace, kernels=kernels, kernel_names=("my_kernel",))
    expected = r"nothing can be projected: .*kernel of no operator 100%.* \S+ to \S+ ms"
    with pytest.raises(TraceFormatError, match=expected):
        project(stray, load_accelerator("a100_sxm4_80gb"), calibrations=SHIPPED)


def test_a_kernel_of_no_operator_is_sized_by_its_time_where_its_name_is_known(trace: Trace) -> None:
    kernels = replace(trace.kernels, call=np.array([-1]), launch=np.array([-1]))
    found = project(replace(trace, kernels=kernels), load_accelerator("a100_sxm4_80gb"), calibrations=SHIPPED)
    sized = next(part for part in found.parts if part.name == SIZED)
    assert sized.share == pytest.approx(1.0)
    assert found.combined_time == pytest.approx(sized.projected)
    assert sized.low < sized.projected < sized.high
    assert found.direct_share == 0.0
    assert found.combined_interval is not None


def test_idle_time_of_a_run_on_the_host_is_that_of_the_targets_host() -> None:
    """The call of ``addmm`` is the device event; what lay around it was the host's, and is not kept."""
    trace = _linear("float")
    kernels = replace(trace.kernels, kind=np.array([int(KernelKind.HOST)]), launch=np.array([-1]))
    on_host = replace(trace, kernels=kernels)
    source = load_accelerator("xeon-8480plus")
    found = project(on_host, load_accelerator("a100_sxm4_80gb"), source, calibrations=SHIPPED)
    assert found.idle_predicted
    assert found.elapsed_time == pytest.approx(found.combined_time + found.idle_time)
    run = simulate(graph_of_trace(on_host), load_accelerator("a100_sxm4_80gb"), calibrations=SHIPPED)
    executed = sum(stage.execution.sum() for stage in run.timeline.stages)
    assert found.idle_time == pytest.approx(run.report.latency - executed)
    assert not project(on_host, source, source, calibrations=SHIPPED).idle_predicted
