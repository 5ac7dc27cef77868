"""Trace files of our own: :mod:`tracer.storage.trace_file`."""

from __future__ import annotations

from pathlib import Path

from tracer.storage.json_stream import Progress
from tracer.storage.trace_file import is_trace_file, load_trace
from tracer.trace import Trace

__all__ = ["read", "recognises"]


def recognises(path: Path) -> bool:
    """Whether the file is an archive with the header of a trace."""
    return is_trace_file(path)


def read(path: Path, progress: Progress | None = None) -> Trace:
    """The trace; the file is small, so progress comes once."""
    trace = load_trace(path)
    if progress is not None:
        size = path.stat().st_size
        progress(size, size)
    return trace
