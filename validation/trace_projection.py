"""A trace file projected to another accelerator."""

from __future__ import annotations

from pathlib import Path

from hw_specs import Accelerator
from simulator.cost.model import Fidelity
from simulator.execution import Execution
from simulator.projection import Projection
from simulator.traced import project_measured
from tracer.formats import read_trace
from tracer.json_stream import Progress

__all__ = ["project_trace"]


def project_trace(
    path: Path,
    to: Accelerator,
    from_: Accelerator | None = None,
    execution: Execution | None = None,
    *,
    fidelity: Fidelity = "calibrated",
    format_name: str | None = None,
    progress: Progress | None = None,
) -> Projection:
    """Project a trace file of any known format; see :func:`simulator.traced.project_measured`."""
    trace = read_trace(path, format_name=format_name, progress=progress)
    return project_measured(trace, to, from_, execution, fidelity=fidelity)
