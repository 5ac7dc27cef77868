"""What a workload may ask of any pipeline: its stages as they then are.

A pipeline's own file knows nothing of it: the library's modules are changed once they are made, as a script does that
loads a pipeline and sets it up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from tracer.graph import Workload

from .autoencoder_options import with_autoencoder_options
from .low_rank_adapters import Adapter, adapt
from .pipeline import Pipeline, StageSpec

__all__ = ["VARIATIONS", "varied", "without_fused_adapter"]

VARIATIONS = ("lora", "vae_dtype", "vae_tiling", "vae_slicing")
"""Fields of a workload that are read here."""


def varied(pipeline: Pipeline, workload: Workload) -> Pipeline:
    """Pipeline that builds what a workload asks for; itself where that is nothing.

    Raises
    ------
    GraphError
        When it builds: the pipeline cannot have it.
    """
    asks = any(getattr(workload, name) for name in VARIATIONS)
    return replace(pipeline, build=partial(_build, pipeline)) if asks else pipeline


def without_fused_adapter(workload: Workload) -> Workload:
    """The same run without an adapter whose weights are added to those of the layers: it costs nothing then.

    Raises
    ------
    GraphError
        The text of the adapter says nothing that is known.
    """
    fused = workload.lora is not None and Adapter.parse(workload.lora).fused
    return replace(workload, lora=None) if fused else workload


def _build(pipeline: Pipeline, workload: Workload) -> Sequence[StageSpec]:
    specs = pipeline.build(workload)
    if workload.lora is not None:
        adapt(pipeline.name, specs, Adapter.parse(workload.lora), pipeline.denoisers)
    if workload.vae_dtype or workload.vae_tiling or workload.vae_slicing:
        return with_autoencoder_options(pipeline, specs, workload)
    return specs
