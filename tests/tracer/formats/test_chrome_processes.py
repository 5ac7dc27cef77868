"""Chrome traces whose processes say what ran where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tracer.formats import read_trace, recognise
from tracer.trace import KernelKind, TraceFormatError


def _named(process: object, name: str, thread: int | None = None) -> dict[str, Any]:
    what = "process_name" if thread is None else "thread_name"
    return {"ph": "M", "pid": process, "tid": thread, "name": what, "args": {"name": name}}


def _event(process: object, thread: object, name: str, ts: object, dur: object, **args: object) -> dict[str, Any]:
    return {"ph": "X", "pid": process, "tid": thread, "name": name, "ts": ts, "dur": dur, "args": args}


def _file(folder: Path, *events: dict[str, Any]) -> Path:
    path = folder / "perfetto.trace.json"
    path.write_text(json.dumps({"displayTimeUnit": "ns", "traceEvents": list(events)}))
    return path


def test_streams_of_gpus(tmp_path: Path) -> None:
    path = _file(
        tmp_path,
        _named(1, "/device:GPU:0"),
        _named(1, "Stream #13(Compute)", 13),
        _named(701, "/host:CPU"),
        _event(1, 13, "fusion_3", 100.5, 12.5, correlation_id="93", hlo_op="fusion.3"),
        _event(1, 13, "MemcpyD2H", 120, 2),
        _event(701, 9, "PjitFunction(f)", 50, 300),
    )
    assert recognise(path) == "chrome_processes"
    trace = read_trace(path)
    assert trace.name == "perfetto"
    assert trace.kernel_names == ("fusion_3", "MemcpyD2H")
    assert trace.kernels.kind.tolist() == [KernelKind.KERNEL, KernelKind.MEMCPY]
    assert trace.device_time == pytest.approx(14.5e-6)
    assert trace.has_timeline
    assert trace.skipped == {"event of the host (/host:CPU)": 1}


def test_operations_of_a_tpu_count_once(tmp_path: Path) -> None:
    path = _file(
        tmp_path,
        _named(3, "/device:TPU:0"),
        *(_named(3, name, thread) for thread, name in enumerate(("Steps", "XLA Modules", "XLA Ops"))),
        _event(3, 0, "1", 0, 90),
        _event(3, 1, "jit_f", 0, 80),
        _event(3, 2, "fusion", 10, 12.5),
    )
    trace = read_trace(path)
    assert trace.device_time == pytest.approx(12.5e-6)
    assert sum(trace.skipped.values()) == 2


def test_text_times_of_rocprof(tmp_path: Path) -> None:
    path = _file(tmp_path, _named(6, "GPU0"), _event("6", "0", "gemm.kd", "100", "20", BeginNs="100000"))
    trace = read_trace(path)
    assert (trace.facts.format, trace.device_time) == ("chrome_processes", pytest.approx(20e-6))


def test_without_a_device_its_processes_are_named(tmp_path: Path) -> None:
    path = _file(tmp_path, _named(701, "/host:CPU"), _event(701, 9, "f", 50, 300))
    with pytest.raises(TraceFormatError, match="nothing that ran on a device; processes: /host:CPU"):
        read_trace(path)


def test_an_event_without_a_time_is_counted(tmp_path: Path) -> None:
    path = _file(
        tmp_path,
        _named(1, "/device:GPU:0"),
        _event(1, 1, "a", "x", 1),
        _event(1, 1, "b", 1, 1),
        _event(1, 1, "c", 3, 1),
    )
    assert read_trace(path).skipped == {"device event without a time": 1}
