"""Idle time, kernels by what they do and overlap of communication, against HolisticTraceAnalysis on the same files.

Not among the test requirements: ``pip install HolisticTraceAnalysis``. It rounds the starts of traces with fractions up
and their ends down to whole microseconds, so that each device event is shorter by less than two.
"""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tracer.events.device_idle import device_idle
from tracer.formats import read_trace
from tracer.trace import KernelKind, Trace

pytestmark = [pytest.mark.measured, pytest.mark.filterwarnings("ignore")]

FILES = ("v100_resnet50_training_rank0.json.gz", "h100_Falconsai_nsfw_image_detection__1016002.json.gz")
_MICROSECOND = 1e-6
# Of one device event. [s]
_ROUNDING = 2 * _MICROSECOND


@pytest.fixture(scope="module", params=FILES)
def both(request: pytest.FixtureRequest, measured: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Trace]:
    """Analysis of a folder with one rank, and the trace as the project reads it."""
    trace_analysis = pytest.importorskip("hta.trace_analysis", reason="HolisticTraceAnalysis is not installed")
    path = measured / "traces" / "kineto" / request.param
    if not path.is_file():
        pytest.skip(f"no {path}")
    folder = tmp_path_factory.mktemp("hta")
    shutil.copy(path, folder)
    analysis = trace_analysis.TraceAnalysis(trace_dir=str(folder), include_last_profiler_step=True)
    return analysis, read_trace(path)


def test_busy_and_idle_time(both: tuple[Any, Trace]) -> None:
    analysis, trace = both
    row = analysis.get_temporal_breakdown(visualize=False).iloc[0]
    idle = device_idle(trace)
    assert idle is not None
    rounding = len(trace.kernels) * _ROUNDING
    assert row["kernel_time(us)"] * _MICROSECOND == pytest.approx(idle.elapsed, abs=_ROUNDING)
    assert row["idle_time(us)"] * _MICROSECOND == pytest.approx(idle.idle, abs=rounding)
    busy = (row["compute_time(us)"] + row["non_compute_time(us)"]) * _MICROSECOND
    assert busy == pytest.approx(idle.busy, abs=rounding)


def test_kernels_by_what_they_do(both: tuple[Any, Trace]) -> None:
    """Copies and fills are theirs of memory, NCCL's their communication, all else computation; all on one stream."""
    analysis, trace = both
    types, _ = analysis.get_gpu_kernel_breakdown(visualize=False)
    found = dict(zip(types["kernel_type"], types["sum"] * _MICROSECOND, strict=True))
    memory = np.isin(trace.kernels.kind, [KernelKind.MEMCPY, KernelKind.MEMSET])
    for kind, rows in (("MEMORY", memory), ("COMPUTATION", ~memory)):
        own = float(trace.kernels.duration[rows].sum())
        assert found[kind] == pytest.approx(own, abs=int(rows.sum()) * _ROUNDING), kind


def test_overlap_of_communication(both: tuple[Any, Trace]) -> None:
    """Neither file has a kernel of NCCL: there is nothing to overlap, which both say."""
    analysis, trace = both
    assert not any("nccl" in name.lower() for name in trace.kernel_names)
    assert math.isnan(analysis.get_comm_comp_overlap(visualize=False)["comp_comm_overlap_pctg"].iloc[0])
