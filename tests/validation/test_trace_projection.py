"""Trace files projected to another accelerator."""

from __future__ import annotations

from pathlib import Path

import pytest

from hw_specs import load_accelerator
from tracer.trace import Trace
from tracer.trace_file import save_trace
from validation.trace_projection import project_trace


def test_a_file_projects_with_its_remainders(measured_trace: Trace, tmp_path: Path) -> None:
    save_trace(measured_trace, tmp_path / "run.trace")
    found = project_trace(tmp_path / "run.trace", load_accelerator("h200_sxm5_141gb"))
    assert (found.source, found.target) == ("H100-SXM5-80GB", "H200-SXM5-141GB")
    assert found.measured_time == pytest.approx(29e-6)
    assert {row.reason for row in found.unscaled} == {"other::thing: no formula", "copy between host and device"}
    assert found.idle_time == pytest.approx(53e-6)
    assert found.elapsed_time == pytest.approx(53e-6 + found.projected_time)
    # More bandwidth and the same arithmetic: nothing becomes slower.
    assert found.projected_time <= found.measured_time * 1.001
