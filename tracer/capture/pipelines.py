"""Graphs of the named workloads."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from tracer.graph import GraphError, OpGraph, Workload
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

    Raises
    ------
    GraphError
        The model refuses the settings: a prompt longer than its position table, a size that its layers cannot halve,
        tensors larger than can be addressed.
    """
    builder = GraphBuilder(attention_kinds=_attention_kinds(pipeline))
    with warnings.catch_warnings():
        # Model classes warn about deprecated arguments of their own; none bears on the graph.
        warnings.simplefilter("ignore")
        _quiet_libraries()
        with _refusals(pipeline, "the pipeline"):
            specs = pipeline.build(workload)
        for spec in specs:
            if progress is not None:
                progress(spec.name)
            with _refusals(pipeline, f"stage {spec.name!r}"):
                _add_stage(builder, pipeline, spec)
    return builder.build(pipeline.name, workload, pipeline.sources)


def _add_stage(builder: GraphBuilder, pipeline: Pipeline, spec: StageSpec) -> None:
    builder.add_stage(
        spec.name,
        spec.component,
        spec.module,
        partial(spec.run, spec.module),
        repeats=spec.repeats,
        grows=spec.grows,
        default_kind=_default_kind(pipeline, spec),
    )


@contextmanager
def _refusals(pipeline: Pipeline, part: str) -> Iterator[None]:
    """What a model's own code raises for settings that it cannot run, as one line."""
    try:
        yield
    except GraphError:
        raise
    except (RuntimeError, ValueError, IndexError, AssertionError, OverflowError, ZeroDivisionError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise GraphError(f"{pipeline.name}: {part} cannot run with these settings ({reason})") from error


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
