"""Chrome traces of the PyTorch profiler."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracer.formats import kineto
from tracer.graph import TensorSpec
from tracer.trace import KernelKind, TraceFormatError

ChromeWriter = Callable[..., Path]
Events = list[dict[str, Any]]


@pytest.mark.parametrize("packed", [False, True])
def test_operators_meet_their_kernels(write_chrome: ChromeWriter, events: Events, packed: bool) -> None:
    path = write_chrome(events, packed=packed, deviceProperties=[{"id": 0, "name": "NVIDIA H100"}])
    assert kineto.recognises(path)
    trace = kineto.read(path)
    gemm, add = trace.kernel_events()
    assert (gemm.name, gemm.duration, gemm.stream) == ("sm90_gemm", 3.25e-6, 7)
    assert gemm.operator is not None
    assert gemm.operator.name == "aten::mm"
    assert gemm.operator.inputs == (TensorSpec((4, 8), "float16"), TensorSpec((8, 2), "float16", (1, 8)))
    assert gemm.operator.outputs == (TensorSpec((4, 2), "float16"),)
    assert gemm.module == "Net_0"
    assert add.operator is not None
    assert add.operator.name == "aten::add"
    assert trace.facts.device == "NVIDIA H100"
    assert trace.name == "t"
    assert trace.skipped == {}


def test_without_shapes_operators_have_no_tensors(write_chrome: ChromeWriter, events: Events) -> None:
    for event in events:
        if event.get("cat") == "cpu_op":
            event["args"] = {"External id": event["args"]["External id"]}
    trace = kineto.read(write_chrome(events))
    assert all(op.inputs == () for op in trace.operators)
    assert trace.device_time == pytest.approx(4.75e-6)


def test_without_ids_the_launch_tells_the_operator(write_chrome: ChromeWriter, events: Events) -> None:
    for event in events:
        event.get("args", {}).pop("External id", None)
    trace = kineto.read(write_chrome(events))
    assert [e.operator.name for e in trace.kernel_events() if e.operator] == ["aten::mm", "aten::add"]


def test_times_are_microseconds_whatever_the_display_unit(write_chrome: ChromeWriter, events: Events) -> None:
    plain = kineto.read(write_chrome(events, displayTimeUnit="ms"))
    assert kineto.read(write_chrome(events, displayTimeUnit="ns")).device_time == plain.device_time


def test_nanoseconds_survive_a_clock_far_from_zero(write_chrome: ChromeWriter, events: Events) -> None:
    for event in events:
        event["ts"] = event.get("ts", 0.0) + 1_365_627_862_757.0
    events[8]["ts"] += 0.001
    trace = kineto.read(write_chrome(events))
    assert trace.kernels.start[0] == pytest.approx(30.501e-6, abs=1e-12)


def test_numbers_given_as_text_are_read(write_chrome: ChromeWriter, events: Events) -> None:
    for event in events:
        if "dur" in event:
            event["dur"] = str(event["dur"])
    assert kineto.read(write_chrome(events)).device_time == pytest.approx(4.75e-6)


def test_streams_and_devices(write_chrome: ChromeWriter, events: Events) -> None:
    events[10]["args"].update(stream=13, device=1)
    trace = kineto.read(write_chrome(events, distributedInfo={"world_size": 8}))
    assert trace.kernels.stream.tolist() == [7, 13]
    assert trace.kernels.device.tolist() == [0, 1]
    assert trace.facts.num_devices == 8


def test_copies_and_fills(write_chrome: ChromeWriter, events: Events) -> None:
    for correlation, cat in ((30, "gpu_memcpy"), (31, "gpu_memset")):
        event = copy.deepcopy(events[10])
        event.update(cat=cat, name="Memcpy HtoD" if cat == "gpu_memcpy" else "Memset (Device)")
        event["args"]["correlation"] = correlation
        events.append(event)
    kinds = sorted(event.kind for event in kineto.read(write_chrome(events)).kernel_events())
    assert kinds == [KernelKind.KERNEL, KernelKind.KERNEL, KernelKind.MEMCPY, KernelKind.MEMSET]


def test_kernels_of_a_cuda_graph_name_no_operator(write_chrome: ChromeWriter, events: Events) -> None:
    launch = copy.deepcopy(events[9])
    launch.update(name="cudaGraphLaunch", ts=155.0)
    launch["args"]["correlation"] = 40
    events.append(launch)
    for ts in (170.0, 172.0, 174.0):
        inside = copy.deepcopy(events[8])
        inside.update(ts=ts, dur=1.0)
        inside["args"] = {"device": 0, "stream": 7, "correlation": 40, "External id": 3, "graph node id": 5}
        events.append(inside)
    trace = kineto.read(write_chrome(events))
    assert sum(event.operator is None for event in trace.kernel_events()) == 3
    assert trace.device_time == pytest.approx(7.75e-6)


def test_a_compiled_models_kernels(write_chrome: ChromeWriter, events: Events) -> None:
    events[6]["name"] = "triton_poi_fused_add_0"
    events[6]["args"].update(
        {
            "Input Dims": [[4, 2], [4, 2], []],
            "Input type": ["c10::Half", "c10::Half", "Scalar"],
            "Concrete Inputs": ["", "", "8"],
            "kernel_backend": "triton",
        }
    )
    _, generated = kineto.read(write_chrome(events)).kernel_events()
    assert generated.operator is not None
    assert generated.operator.name == "triton::pointwise"
    assert generated.operator.attribute("xnumel") == 8


def test_amd_names(write_chrome: ChromeWriter, events: Events) -> None:
    for event in events:
        if event.get("cat") == "cuda_runtime":
            event.update(cat="hip_runtime", name="hipExtModuleLaunchKernel")
    events[8]["name"] = "Cijk_Alik_Bljk_HHS_BH_MT128x128x32"
    trace = kineto.read(write_chrome(events))
    assert trace.host_names == ("hipExtModuleLaunchKernel",)
    assert trace.kernels.launch.tolist() == [0, 1]


def test_names_of_the_first_kineto(write_chrome: ChromeWriter, events: Events) -> None:
    """PyTorch 1.8 wrote other categories and spellings."""
    old = {"cpu_op": "Operator", "kernel": "Kernel", "cuda_runtime": "Runtime"}
    for event in events:
        event["cat"] = old.get(event.get("cat", ""), event.get("cat", ""))
        arguments = event.get("args", {})
        if "External id" in arguments:
            arguments["external id"] = arguments.pop("External id")
        if "Input Dims" in arguments:
            arguments["Input dims"] = arguments.pop("Input Dims")
    trace = kineto.read(write_chrome(events))
    assert [e.operator.name for e in trace.kernel_events() if e.operator] == ["aten::mm", "aten::add"]
    assert trace.operators[1].inputs[0].shape == (4, 8)


def test_stages_and_modules_of_our_own_annotations(write_chrome: ChromeWriter, events: Events) -> None:
    for name in ("stage:denoiser", "module:unet.conv_in"):
        events.append({"ph": "X", "cat": "user_annotation", "name": name, "pid": 1, "tid": 1, "ts": 97.0, "dur": 100.0})
    (gemm, _) = kineto.read(write_chrome(events)).kernel_events()
    assert gemm.stage == "denoiser"
    assert gemm.module == "unet.conv_in.Net_0"


@pytest.mark.parametrize(
    ("change", "reason", "lost"),
    [
        ({"dur": -3.0}, "device event of negative duration", 3.25e-6),
        ({"dur": 1e17}, "device event of more than an hour", 3.25e-6),
        ({"dur": float("nan")}, "kernel without a finite time", 3.25e-6),
        ({"dur": None}, "kernel without a finite time", 3.25e-6),
        ({"ts": "soon"}, "kernel without a finite time", 3.25e-6),
        ({"ts": -(2.0**31)}, "start time before the launch (clock)", 0.0),
        ({"cat": "gpu_thing"}, "event of category 'gpu_thing'", 3.25e-6),
        ({"ph": "B"}, "event that begins and does not end, or ends only", 3.25e-6),
    ],
)
def test_what_cannot_be_used_is_counted(
    write_chrome: ChromeWriter, events: Events, change: dict[str, Any], reason: str, lost: float
) -> None:
    events[8].update(change)
    trace = kineto.read(write_chrome(events))
    assert trace.skipped == {reason: 1}
    assert trace.device_time == pytest.approx(4.75e-6 - lost)
    assert trace.has_timeline is (reason != "start time before the launch (clock)")


def test_events_given_as_begin_and_end(write_chrome: ChromeWriter, events: Events) -> None:
    """Ends name nothing, and may have the arguments."""
    split: Events = []
    for event in (event for event in events if event["name"] != "builtin"):
        if event.get("ph") == "X" and event["cat"] != "Trace":
            begin, end = dict(event, ph="B"), {k: event[k] for k in ("pid", "tid")}
            del begin["dur"]
            end.update(ph="E", ts=event["ts"] + event["dur"], args=begin.pop("args", {}))
            split += [begin, end]
        else:
            split.append(event)
    split.sort(key=lambda event: event.get("ts", 0.0))
    trace = kineto.read(write_chrome(split))
    assert [e.operator.name for e in trace.kernel_events() if e.operator] == ["aten::mm", "aten::add"]
    assert trace.kernels.duration.tolist() == [3.25e-6, 1.5e-6]
    assert trace.operators[0].inputs[0].shape == (4, 8)


def test_arrows_tie_kernels_without_numbers(write_chrome: ChromeWriter, events: Events) -> None:
    """One comes from the launch, the other from the operator itself."""
    for event in events:
        arguments = event.get("args", {})
        arguments.pop("External id", None)
        arguments.pop("correlation", None)
    arrow = {"id": 5, "cat": "ac2g", "name": "ac2g"}
    events += [
        {"ph": "s", "pid": 1, "tid": 1, "ts": 150.0, **arrow},
        {"ph": "f", "pid": 0, "tid": 7, "ts": 160.0, **arrow},
    ]
    del events[9]
    trace = kineto.read(write_chrome(events))
    assert [e.operator.name for e in trace.kernel_events() if e.operator] == ["aten::mm", "aten::add"]


def test_an_event_at_time_0_is_left_out(write_chrome: ChromeWriter, events: Events) -> None:
    for event in events:
        if "ts" in event:
            event["ts"] += 1_600_000_000_000_000.0
    whole = kineto.read(write_chrome(events))
    for duration, reason in ((0, "without times"), (9.0, "hours away from all others")):
        lost = {**copy.deepcopy(events[8]), "ts": 0, "dur": duration, "name": "lost"}
        trace = kineto.read(write_chrome([lost, *events]))
        (found,) = trace.skipped
        assert reason in found
        assert trace.kernels.start.tolist() == pytest.approx(whole.kernels.start.tolist(), abs=1e-9)


@pytest.mark.parametrize("layer", ["privateuse1_runtime", "mtia_runtime", "xpu_driver"])
def test_runtimes_of_other_devices(write_chrome: ChromeWriter, events: Events, layer: str) -> None:
    for event in events:
        if event.get("cat") == "cuda_runtime":
            event["cat"] = layer
        event.get("args", {}).pop("External id", None)
    trace = kineto.read(write_chrome(events))
    assert [e.operator.name for e in trace.kernel_events() if e.operator] == ["aten::mm", "aten::add"]


@pytest.mark.parametrize("first", [2**53, 2**60, "9007199254740992", 2**64 - 5])
def test_large_numbers_keep_all_digits(write_chrome: ChromeWriter, events: Events, first: int | str) -> None:
    for event in events:
        arguments = event.get("args", {})
        arguments.pop("External id", None)
        if "correlation" in arguments:
            number = int(first) + arguments["correlation"] - 20
            arguments["correlation"] = str(number) if isinstance(first, str) else number
    assert [e.operator.name for e in kineto.read(write_chrome(events)).kernel_events() if e.operator] == [
        "aten::mm",
        "aten::add",
    ]


def test_the_profiler_of_before_is_refused_by_name(write_chrome: ChromeWriter) -> None:
    cpu = {"name": "aten::mm", "ph": "X", "ts": 1, "dur": 5, "tid": 1, "pid": "CPU functions", "args": {}}
    with pytest.raises(TraceFormatError, match="legacy autograd profiler"):
        kineto.read(write_chrome([cpu, {**cpu, "pid": "CUDA functions"}]))


def test_foreign_items_are_counted(write_chrome: ChromeWriter, events: Events) -> None:
    assert kineto.read(write_chrome([*events, 5, "x", None])).skipped == {"event that is not an object": 3}


@pytest.mark.parametrize("kept", [[], [0, 13], [2, 3]])
def test_a_trace_of_nothing_is_refused(write_chrome: ChromeWriter, events: Events, kept: list[int]) -> None:
    with pytest.raises(TraceFormatError, match="no operator call and no device event"):
        kineto.read(write_chrome([events[i] for i in kept]))


def test_a_trace_of_the_host_alone_has_no_device_time(write_chrome: ChromeWriter, events: Events) -> None:
    trace = kineto.read(write_chrome([e for e in events if e.get("cat") == "cpu_op"]))
    assert len(trace.calls) == 3
    assert trace.device_time == 0


def test_truncation_is_refused_wherever_it_happens(write_chrome: ChromeWriter, events: Events, tmp_path: Path) -> None:
    whole = write_chrome(events).read_bytes()
    path = tmp_path / "cut.json"
    for length in range(10, len(whole) - 1, 97):
        path.write_bytes(whole[:length])
        with pytest.raises(TraceFormatError, match="cut off"):
            kineto.read(path)


@pytest.mark.parametrize("text", ["", "PK", "{}", '{"nodes": []}', '{"a": 1}', "[1, 2]", "op,count\n"])
def test_other_files_are_not_recognised(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other"
    path.write_text(text, encoding="utf-8")
    assert not kineto.recognises(path)


def test_long_metadata_may_come_first(write_chrome: ChromeWriter, events: Events) -> None:
    assert kineto.recognises(write_chrome(events, metadata={"packages": ["x" * 100] * 3000}))


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
_FIELDS = st.sampled_from(["ph", "cat", "name", "pid", "tid", "ts", "dur", "args"])
_ARGUMENTS = st.sampled_from(["External id", "correlation", "stream", "device", "Input Dims", "Input type"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 13), _FIELDS, _SCALARS | st.dictionaries(_ARGUMENTS, _SCALARS | st.lists(_SCALARS))),
        max_size=4,
    )
)
def test_any_damage_to_events_is_refused_or_counted(
    write_chrome: ChromeWriter, events: Events, changes: list[tuple[int, str, Any]]
) -> None:
    damaged = copy.deepcopy(events)
    for position, name, value in changes:
        damaged[position][name] = value
    path = write_chrome(damaged)
    try:
        trace = kineto.read(path)
    except TraceFormatError as error:
        assert "\n" not in str(error)  # noqa: PT017
        return
    device = [e for e in damaged if e.get("cat") == "kernel" and e.get("ph") == "X"]
    assert len(trace.kernels) <= len(device)
    # A kernel is read, or the reader says why not.
    assert len(trace.kernels) + sum(trace.skipped.values()) >= len(device)


_MEMORY_PROBE = """
import resource, sys
from pathlib import Path
from tracer.formats import kineto
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
trace = kineto.read(Path(sys.argv[1]))
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(len(trace.calls), len(trace.kernels), (after - before) * 1024)
"""


def test_a_large_trace_is_read_in_little_memory(write_chrome: ChromeWriter, events: Events) -> None:
    """60 MB of events, of which a third are kept, grow the process by less than half of that."""
    path = write_chrome([], name="large.json")
    python = json.dumps(events[3])
    with path.open("w", encoding="utf-8") as stream:
        stream.write('{"traceEvents": [' + python)
        size, step = 0, 0
        while size < 60_000_000:
            step += 1
            text = [json.dumps({**event, "ts": event["ts"] + 1000 * step}) for event in events[3:11]]
            # Python's own events are most of a real trace.
            block = "," + ",".join([python] * 16 + text)
            stream.write(block)
            size += len(block)
        stream.write("]}")
    command = [sys.executable, "-c", _MEMORY_PROBE, str(path)]
    calls, kernels, grown = map(int, subprocess.run(command, check=True, capture_output=True).stdout.split())  # noqa: S603
    assert calls > 50_000
    assert kernels > 30_000
    assert grown < 30_000_000
