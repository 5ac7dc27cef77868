"""Capture of operator graphs by running modules on meta tensors: no weights, no GPU."""

from .meta import GraphBuilder, trace
from .pipelines import capture_pipeline

__all__ = ["GraphBuilder", "capture_pipeline", "trace"]
