"""Trace files of our own among the formats."""

from __future__ import annotations

from pathlib import Path

from tracer.formats import read_trace, recognise, roofcast_trace
from tracer.storage.trace_file import save_trace
from tracer.trace import Trace


def test_a_saved_trace_reads_back(product_trace: Trace, tmp_path: Path) -> None:
    path = tmp_path / "run.trace"
    save_trace(product_trace, path)
    assert recognise(path) == "roofcast_trace"
    seen: list[tuple[int, int]] = []
    assert roofcast_trace.read(path, lambda done, size: seen.append((done, size))) == product_trace
    assert seen == [(path.stat().st_size,) * 2]
    assert read_trace(path) == product_trace
