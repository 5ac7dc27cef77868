"""Model pipelines, one file each. A file declares ``PIPELINES``; nothing else registers it."""

from .catalogue import UnknownWorkloadError, WorkloadError, find_pipeline, find_variant, iter_pipelines, resolve
from .pipeline import Pipeline, StageSpec

__all__ = [
    "Pipeline",
    "StageSpec",
    "UnknownWorkloadError",
    "WorkloadError",
    "find_pipeline",
    "find_variant",
    "iter_pipelines",
    "resolve",
]
