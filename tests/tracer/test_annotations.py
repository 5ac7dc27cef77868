"""Named ranges of a run."""

from __future__ import annotations

from pathlib import Path

from tracer.annotations import Annotation
from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.storage.trace_file import load_trace, save_trace
from tracer.trace import RunFacts


def test_ranges_count_from_the_first_event_and_are_kept_on_disk(tmp_path: Path) -> None:
    builder = TraceBuilder()
    builder.add_annotation("step", start=9_000, duration=50, thread=1)
    builder.add_annotation("pipeline", start=1_500, duration=10_000)
    builder.add_annotation("stage:denoiser", start=1_500, duration=10)
    builder.add_call("aten::mm", RecordedArguments(), start=1_000, duration=20)
    trace = builder.build("t", RunFacts())
    assert trace.annotations == (Annotation("pipeline", 5e-7, 1e-5, 0), Annotation("step", 8e-6, 5e-8, 1))
    save_trace(trace, tmp_path / "t.trace")
    assert load_trace(tmp_path / "t.trace") == trace
