"""The whole-model part of a campaign: traces of pipelines at reduced steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from tracer.capture.device import CaptureOptions, trace_pipeline
from tracer.graph import GraphError
from tracer.storage.trace_file import save_trace
from tracer.workloads import find_pipeline, resolve
from tracer.workloads.pipeline import Pipeline

from .files import GrowingTable

__all__ = ["MODEL_RUNS", "TINY_RUNS", "ModelRun", "trace_models"]

# A model is begun only with this much time left: building and warming up one takes about as long. [s]
_LEAST_TIME = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRun:
    """A pipeline to trace.

    Attributes
    ----------
    model : str
        Name of the pipeline.
    settings : mapping
        Fields of :class:`tracer.graph.Workload` that differ from its defaults.
    steps : int
        Most repeats of a stage.
    """

    model: str
    settings: Mapping[str, object] = field(default_factory=dict)
    steps: int = 2

    @property
    def label(self) -> str:
        """Name of the file: the model and the settings that differ."""
        return "-".join([self.model, *(f"{name}_{value}" for name, value in sorted(self.settings.items()))])


def _runs(*models: str) -> tuple[ModelRun, ...]:
    return tuple(ModelRun(model=model) for model in models)


MODEL_RUNS: tuple[ModelRun, ...] = (
    *_runs("stable-diffusion", "sdxl", "imagen", "muse", "make-a-video", "phenaki", "llama2-7b", "parti"),
    *_runs("prod-image", "flux-dev", "wan2.1-1.3b", "sd3-medium", "ltx-video", "animatediff", "cogvideox-2b"),
    ModelRun(model="stable-diffusion", settings={"batch": 8}),
    ModelRun(model="sdxl", settings={"dtype": "bfloat16"}),
    ModelRun(model="stable-diffusion", settings={"dtype": "float32"}),
    *_runs("svd-xt", "pixart-sigma", "latte", "modelscope", "sana", "hunyuan-dit", "sd2.1", "amused", "llama3.1-8b"),
    *_runs("sd3.5-large", "deepfloyd-if", "cogvideox-5b", "llama2-13b", "hunyuanvideo", "mochi", "qwen-image"),
    *_runs("wan2.1-14b"),
)
"""Most valuable first: the eight of the study with SDXL, what runs today, then variants and larger ones."""

TINY_RUNS: tuple[ModelRun, ...] = (
    ModelRun(model="stable-diffusion", settings={"height": 64, "width": 64, "dtype": "float32"}, steps=1),
)
"""For a CPU: one pipeline at the smallest size."""


def trace_models(
    folder: Path,
    runs: Sequence[ModelRun],
    device: torch.device,
    *,
    until: float,
    failures: GrowingTable,
    say: Callable[[str], None],
    find: Callable[[str], Pipeline] = find_pipeline,
) -> int:
    """Trace pipelines that have no file yet, until the time is over; returns the number that are left.

    Parameters
    ----------
    folder : Path
        Where ``<label>.trace`` files go.
    runs : sequence of ModelRun
    device : torch.device
    until : float
        ``time.monotonic()`` near which no model is begun. [s]
    failures : GrowingTable
        Gets the reason where a model cannot be traced here.
    say : callable
    find : callable
        Pipeline of a name.
    """
    folder.mkdir(exist_ok=True)
    left = 0
    for run in runs:
        path = folder / f"{run.label}.trace"
        if path.exists():
            continue
        if time.monotonic() > until - _LEAST_TIME:
            left += 1
            continue
        say(run.label)
        try:
            _trace(path, run, device, say, find)
        except (GraphError, LookupError, ImportError, RuntimeError, MemoryError) as error:
            line = (str(error).splitlines() or [type(error).__name__])[0]
            failures.add([{"what": run.label, "reason": line}])
        if device.type == "cuda":
            torch.cuda.empty_cache()
    return left


def _trace(
    path: Path, run: ModelRun, device: torch.device, say: Callable[[str], None], find: Callable[[str], Pipeline]
) -> None:
    pipeline = find(run.model)
    options = CaptureOptions(
        device=str(device), steps=run.steps, progress=lambda what, done, total: say(f"{run.label}: {what}")
    )
    save_trace(trace_pipeline(pipeline, resolve(pipeline, run.settings), options), path)
