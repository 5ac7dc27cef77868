"""Small Chrome traces as PyTorch's profiler writes them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ChromeWriter = Callable[..., Path]


def call(name: str, ts: float, dur: float, external: int, **arguments: Any) -> dict[str, Any]:
    """Operator call."""
    return {
        "ph": "X", "cat": "cpu_op", "name": name, "pid": 1, "tid": 1, "ts": ts, "dur": dur,
        "args": {"External id": external, **arguments},
    }  # fmt: skip


def launch(name: str, ts: float, correlation: int, external: int | None = None) -> dict[str, Any]:
    """Runtime call."""
    arguments = {"correlation": correlation} | ({} if external is None else {"External id": external})
    return {
        "ph": "X", "cat": "cuda_runtime", "name": name, "pid": 1, "tid": 1, "ts": ts, "dur": 4.0, "args": arguments,
    }  # fmt: skip


def kernel(name: str, ts: float, dur: float, correlation: int, cat: str = "kernel", **more: Any) -> dict[str, Any]:
    """Device event."""
    arguments = {"device": 0, "stream": 7, "correlation": correlation, **more}
    return {"ph": "X", "cat": cat, "name": name, "pid": 0, "tid": 7, "ts": ts, "dur": dur, "args": arguments}


MM = {
    "Input Dims": [[4, 8], [8, 2]],
    "Input type": ["c10::Half", "c10::Half"],
    "Input Strides": [[8, 1], [1, 8]],
    "Concrete Inputs": ["", ""],
}


@pytest.fixture
def events() -> list[dict[str, Any]]:
    """``linear`` around ``mm`` with one kernel, an addition with another, and what the profiler adds."""
    return [
        {"ph": "M", "name": "process_name", "pid": 1, "tid": 0, "args": {"name": "python3"}},
        {"ph": "X", "cat": "user_annotation", "name": "ProfilerStep#3", "pid": 1, "tid": 1, "ts": 95.0, "dur": 90.0},
        {"ph": "X", "cat": "python_function", "name": "nn.Module: Net_0", "pid": 1, "tid": 1, "ts": 98.0, "dur": 80.0},
        {"ph": "X", "cat": "python_function", "name": "builtin", "pid": 1, "tid": 1, "ts": 99.0, "dur": 80.0},
        call("aten::linear", 100.0, 40.0, 1),
        call("aten::mm", 110.0, 20.0, 2, **MM),
        call(
            "aten::add", 150.0, 10.0, 3,
            **{"Input Dims": [[4, 2], [4, 2], []], "Input type": ["c10::Half", "c10::Half", "Scalar"]},
        ),
        launch("cudaLaunchKernel", 115.0, 20, 2),
        kernel("sm90_gemm", 130.5, 3.25, 20, **{"External id": 2}),
        launch("cudaLaunchKernel", 152.0, 21, 3),
        kernel("vectorized_elementwise_kernel", 160.0, 1.5, 21, **{"External id": 3}),
        {"ph": "s", "id": 20, "pid": 1, "tid": 1, "ts": 115.0, "cat": "ac2g", "name": "ac2g"},
        {"ph": "f", "id": 20, "pid": 0, "tid": 7, "ts": 130.5, "cat": "ac2g", "name": "ac2g", "bp": "e"},
        {"ph": "X", "cat": "Trace", "ts": 90.0, "dur": 99.0, "pid": "Spans", "tid": "PyTorch Profiler", "name": "p"},
    ]  # fmt: skip


@pytest.fixture
def write_chrome(tmp_path: Path) -> ChromeWriter:
    """Function that writes events (and outermost members) as a trace, compressed or not."""

    def write(events: list[Any], *, packed: bool = False, name: str = "t.pt.trace.json", **members: Any) -> Path:
        path = tmp_path / (name + ".gz" if packed else name)
        text = json.dumps({"schemaVersion": 1, **members, "traceEvents": events, "traceName": "x"}).encode()
        path.write_bytes(gzip.compress(text) if packed else text)
        return path

    return write
