"""Parts of a trace with their times."""

from __future__ import annotations

import pytest

from hw_specs import CalibrationPool, load_accelerator
from simulator.simulation import simulate
from tracer.events.attribution import attribute, graph_of_calls
from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.events.parts import part_of
from tracer.trace import RunFacts, Trace, TraceFormatError
from validation.traces.parts import matched_stage, part_times


@pytest.fixture(scope="module")
def trace() -> Trace:
    """An encoder of one addition and three steps of two products, each call with one kernel."""
    builder = TraceBuilder()
    names = ["encoder", "denoiser", "denoiser", "denoiser"]
    for place, stage in enumerate(names):
        builder.add_annotation(f"stage:{stage}", start=1000 * place, duration=999)
        builder.add_annotation("step" if place else "text", start=1000 * place, duration=999)
        for half in (0, 1):
            name, number = ("aten::mm" if place else "aten::add"), 2 * place + half + 1
            arguments = RecordedArguments(shapes=[[64, 64], [64, 64]], types=["c10::Half"] * 2)
            builder.add_call(name, arguments, start=500 * (number - 1), duration=100)
            builder.add_host_call("cudaLaunchKernel", start=500 * (number - 1) + 10, duration=5, correlation=number)
            builder.add_kernel("k", start=500 * number, duration=50, correlation=number)
    return builder.build("run", RunFacts())


def test_parts_have_their_calls_and_times(trace: Trace) -> None:
    text, step = (next(p for p in part_times(trace) if p.name == name) for name in ("text", "step"))
    assert (text.runs, text.calls, text.kernels) == (1, 2, 2)
    assert (step.runs, step.calls, step.kernels) == (3, 6, 6)
    assert (step.time, step.share) == pytest.approx((300e-9, 0.75))
    assert step.elapsed == pytest.approx(3 * 999e-9)


def test_a_part_is_held_against_the_stage_that_it_is(trace: Trace) -> None:
    graph, _ = graph_of_calls(attribute(trace, lambda op: True))
    part, runs = part_of(trace, "step 2")
    part_accelerator = load_accelerator("a100")
    matched = matched_stage(part, runs, graph, part_accelerator, calibrations=CalibrationPool.shipped())
    assert (matched.stage, matched.runs) == ("denoiser", 1)
    # The graph has all three steps in one run of its stage.
    difference = matched.difference
    assert (difference.calls_in_graph, difference.calls_in_trace, difference.matched) == (6, 2, 2)
    assert matched.measured == pytest.approx(100e-9)
    run = simulate(graph, part_accelerator, calibrations=CalibrationPool.shipped())
    assert matched.predicted == pytest.approx(float(run.timeline.stages[1].execution.sum()))
    assert matched_stage(part, 2, graph).predicted is None


def test_without_parts_there_is_nothing_to_list(trace: Trace) -> None:
    builder = TraceBuilder()
    builder.add_call("aten::mm", RecordedArguments(), start=0, duration=5)
    with pytest.raises(TraceFormatError, match="has no parts"):
        part_times(builder.build("t", RunFacts()))
