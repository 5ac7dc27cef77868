"""Graphs of the named workloads."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping
from functools import partial

from tracer.graph import OpGraph, Workload
from tracer.workloads.pipeline import Pipeline, StageSpec

from .meta import GraphBuilder

__all__ = ["capture_pipeline"]


def capture_pipeline(
    pipeline: Pipeline, workload: Workload, *, progress: Callable[[str], None] | None = None
) -> OpGraph:
    """Trace every stage of a pipeline for one workload, on meta tensors.

    Parameters
    ----------
    pipeline : Pipeline
    workload : Workload
        Complete settings, as :func:`tracer.workloads.resolve` gives them.
    progress : callable, optional
        Called with the name of each stage before it is traced.
    """
    builder = GraphBuilder(attention_kinds=_attention_kinds(pipeline))
    with warnings.catch_warnings():
        # Model classes warn about deprecated arguments of their own; none bears on the graph.
        warnings.simplefilter("ignore")
        _quiet_libraries()
        for spec in pipeline.build(workload):
            if progress is not None:
                progress(spec.name)
            builder.add_stage(
                spec.name,
                spec.component,
                spec.module,
                partial(spec.run, spec.module),
                repeats=spec.repeats,
                grows=spec.grows,
                default_kind=_default_kind(pipeline, spec),
            )
    return builder.build(pipeline.name, workload, pipeline.sources)


def _attention_kinds(pipeline: Pipeline) -> Mapping[str, str]:
    """Patterns of the pipeline; a language model attends to itself also where a cache makes keys longer."""
    if pipeline.family == "language" and not pipeline.attention_kinds:
        return {"": "self"}
    return pipeline.attention_kinds


def _default_kind(pipeline: Pipeline, spec: StageSpec) -> str:
    """Tokens of language attend to themselves (`self`); positions of an image or of frames are `spatial`."""
    if pipeline.family == "language" or spec.component.startswith(("text_encoder", "prior")):
        return "self"
    return "spatial"


def _quiet_libraries() -> None:
    for library in ("diffusers", "transformers"):
        logging.getLogger(library).setLevel(logging.ERROR)
