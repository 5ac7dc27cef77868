"""A run under the PyTorch profiler as a trace."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from hw_specs.output import writing
from tracer.formats import read_trace
from tracer.graph import GraphError
from tracer.trace import STAGE_PREFIX, Trace

from .host_kernels import with_host_kernels
from .machine.device_facts import synchronize

__all__ = ["ChromeFileError", "profile", "stage_annotation"]

# The profiler's C++ library prints a line at each start and end unless its log level is above all of them.
os.environ.setdefault("KINETO_LOG_LEVEL", "99")


class ChromeFileError(GraphError):
    """The file that the profiler's own trace should be written to cannot be written."""


def stage_annotation(name: str) -> torch.profiler.record_function:
    """Context in which operator calls belong to the stage of that name."""
    return torch.profiler.record_function(STAGE_PREFIX + name)


def profile(run: Callable[[], object], device: torch.device, *, chrome: Path | None = None) -> Trace:
    """Trace of one call of a function, with the shapes of its operators.

    Parameters
    ----------
    run : callable
    device : torch.device
        CPU or CUDA. On a CPU the operators themselves are the kernels.
    chrome : Path, optional
        Where the profiler's own trace stays (``.json`` or ``.json.gz``).

    Raises
    ------
    ChromeFileError
        That file cannot be written.
    """
    activities = [torch.profiler.ProfilerActivity.CPU]
    if device.type == "cuda":
        activities.append(torch.profiler.ProfilerActivity.CUDA)
    with _file(chrome) as path:
        with torch.profiler.profile(activities=activities, record_shapes=True) as profiler:
            run()
            synchronize(device)
        profiler.export_chrome_trace(str(path))
        trace = read_trace(path, format_name="kineto")
    return with_host_kernels(trace) if device.type == "cpu" else trace


@contextmanager
def _file(wanted: Path | None) -> Iterator[Path]:
    """File that is gone afterwards, once its content is where it was asked for."""
    if wanted is not None and (not wanted.parent.is_dir() or not os.access(wanted.parent, os.W_OK)):
        raise ChromeFileError(f"{wanted}: cannot write: {wanted.parent} is no folder that can be written to")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("trace.json.gz" if wanted is None else wanted.name)
        yield path
        if wanted is not None:
            with writing(wanted) as stream, path.open("rb") as source:
                shutil.copyfileobj(source, stream)
