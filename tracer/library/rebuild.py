"""Making the bundle: ``trace bundle``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tracer.graph import OpGraph
from tracer.storage.graph_file import save_graph
from tracer.workloads import find_pipeline, iter_pipelines, resolve
from tracer.workloads.schedulers import without_scheduler

from .bundle import BUNDLE

__all__ = ["rebuild", "traced_default"]


def rebuild(names: Sequence[str] = (), *, progress: Callable[[str], None] | None = None) -> int:
    """Trace the default workload of each pipeline and write it to the bundle.

    Parameters
    ----------
    names : sequence of str
        Pipelines to rebuild, by name or alias; all by default, and then files of pipelines that no longer exist are
        deleted.
    progress : callable, optional
        Called with the name of each pipeline.

    Returns
    -------
    int
        Size of the whole bundle. [B]
    """
    known = {pipeline.name for pipeline in iter_pipelines()}
    wanted = {find_pipeline(name).name for name in names}
    for name in sorted(wanted or known):
        if progress is not None:
            progress(name)
        save_graph(traced_default(name), BUNDLE / f"{name}.npz")
    if not names:
        for path in BUNDLE.glob("*.npz"):
            if path.stem not in known:
                path.unlink()
    return sum(path.stat().st_size for path in BUNDLE.glob("*.npz"))


def traced_default(name: str) -> OpGraph:
    """Graph of a pipeline's default workload, traced now."""
    from tracer.capture.pipelines import capture_pipeline

    pipeline = find_pipeline(name)
    workload = resolve(pipeline, {})
    return replace(capture_pipeline(pipeline, without_scheduler(workload)), workload=workload)
