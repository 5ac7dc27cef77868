"""Predicted timelines in the Trace Event Format."""

from __future__ import annotations

import json
from collections import defaultdict

import numpy as np
import pytest

from simulator.execution import Execution
from simulator.profile.steps import spans_of
from simulator.results.chrome_trace import _message, chrome_trace
from tracer.formats import read_trace
from tracer.graph import Op, TensorSpec
from validation.errors.traces import compare


@pytest.fixture(scope="module")
def written(stable_diffusion_run, tmp_path_factory):
    path = tmp_path_factory.mktemp("trace") / "out.json"
    path.write_text(chrome_trace(stable_diffusion_run), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def events(written):
    return json.loads(written.read_text(encoding="utf-8"))["traceEvents"]


def test_events_have_what_the_format_asks_for(events):
    """Trace Event Format (Google, 2016): phase, process, thread and time of all, durations and arguments of some."""
    assert {event["ph"] for event in events} == {"M", "X", "s", "f", "C"}
    for event in events:
        assert {"ph", "pid", "tid", "ts", "name"} <= event.keys()
        assert event["ts"] >= 0
        if event["ph"] == "X":
            assert event["dur"] >= 0
        if event["ph"] == "C":
            assert all(isinstance(value, float) and value >= 0 for value in event["args"].values())


def test_events_of_a_track_lie_within_one_another_or_apart(events):
    """What the viewer draws as a stack; in whole nanoseconds, since times are written with three decimals."""
    tracks = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            start = round(event["ts"] * 1000)
            tracks[event["pid"], event["tid"]].append((start, start + round(event["dur"] * 1000)))
    for spans in tracks.values():
        stack = []
        for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
            while stack and stack[-1] <= start:
                stack.pop()
            assert not stack or end <= stack[-1]
            stack.append(end)


def test_every_arrow_leads_from_a_launch_to_its_kernel(events):
    arrows = {phase: {e["id"]: e for e in events if e["ph"] == phase} for phase in "sf"}
    kernels = {e["args"]["correlation"]: e for e in events if e.get("cat") == "kernel"}
    launches = {e["args"]["correlation"]: e for e in events if e.get("cat") == "runtime"}
    assert arrows["s"].keys() == arrows["f"].keys() == kernels.keys() == launches.keys()
    for number, kernel in kernels.items():
        assert arrows["f"][number]["ts"] == kernel["ts"] >= launches[number]["ts"] == arrows["s"][number]["ts"]


def test_counters_stay_within_the_ceilings(events, stable_diffusion_run):
    power = [e["args"]["power"] for e in events if e["ph"] == "C" and "power" in e["args"]]
    assert max(power) <= stable_diffusion_run.accelerator.power.board
    rates = [e["args"]["arithmetic"] for e in events if e["ph"] == "C" and "arithmetic" in e["args"]]
    assert 0 < max(rates) <= 312


def test_our_own_importer_reads_what_was_predicted(written, stable_diffusion_run):
    trace = read_trace(written)
    spans = [s for stage in stable_diffusion_run.timeline.stages for s in spans_of(stable_diffusion_run, stage)]
    assert trace.facts.device == stable_diffusion_run.report.accelerator
    assert len(trace.kernels) == len(spans)
    assert float(trace.kernels.duration.sum()) == pytest.approx(sum(s.span.duration for s in spans), rel=1e-4)
    events = list(trace.kernel_events())
    assert [e.name for e in events] == [s.span.name for s in spans]
    assert [e.operator.name for e in events] == [s.operator for s in spans]
    assert {e.stage for e in events} == set(stable_diffusion_run.report.by_stage)
    assert not np.isnan(trace.kernels.start).any()


def test_shapes_and_types_come_back(written, stable_diffusion_run):
    graph = stable_diffusion_run.launches.graph
    found = {(op.name, *((t.shape, t.dtype) for t in op.inputs)) for op in read_trace(written).operators}
    product = next(op for op in graph.operators if op.name == "aten::addmm")
    assert (product.name, *((t.shape, t.dtype) for t in product.inputs)) in found


def test_operators_that_are_read_back_have_the_same_prediction(written, stable_diffusion_run):
    """All but the few that make values out of nothing, which have no tensors to be told by."""
    run = stable_diffusion_run
    found = compare(read_trace(written), run.accelerator, Execution(), calibrations=run.calibrations)
    assert found.coverage > 0.999
    for operator in found.operators:
        assert operator.error is None or abs(operator.error) < 1e-3


def test_a_message_says_at_its_kernel_what_moves():
    product = Op("aten::mm", (TensorSpec((2, 2), "float16"),) * 2, ())
    gathered = TensorSpec((4, 8), "bfloat16"), TensorSpec((16, 8), "bfloat16")
    gather = Op("c10d::_allgather_base_", gathered[:1], gathered[1:], (("group_size", 4),))
    assert _message(product) == {}
    assert _message(gather) == {
        "Collective name": "_allgather_base",
        "In msg nelems": 32,
        "Out msg nelems": 128,
        "dtype": "BFloat16",
        "Group size": 4,
    }
