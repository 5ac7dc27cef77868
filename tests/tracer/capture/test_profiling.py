"""Runs under the profiler."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from tracer.capture.profiling import ChromeFileError, profile, stage_annotation  # noqa: E402

CPU = torch.device("cpu")


def _run() -> None:
    x = torch.ones(4, 8)
    with stage_annotation("first"):
        torch.nn.functional.silu(x)
    with stage_annotation("second"):
        torch.mm(x, x.t())


def test_operators_have_shapes_and_stages() -> None:
    trace = profile(_run, CPU)
    found = {(e.stage, e.name): e.operator for e in trace.kernel_events() if e.stage}
    assert set(found) == {("first", "aten::silu"), ("second", "aten::mm")}
    product = found["second", "aten::mm"]
    assert product is not None
    assert [t.shape for t in product.inputs] == [(4, 8), (8, 4)]
    assert product.inputs[1].strides == (1, 8)


def test_the_profilers_own_trace_stays_if_asked(tmp_path: Path) -> None:
    profile(_run, CPU, chrome=tmp_path / "run.json")
    events = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["traceEvents"]
    assert "stage:second" in {event.get("name") for event in events}


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ChromeFileError, match="cannot write"):
        profile(_run, CPU, chrome=tmp_path / "no" / "run.json")
