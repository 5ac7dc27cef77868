"""Finding pipelines by name and completing their settings."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path

from hw_specs.terminal.meanings import nearest
from tracer.dtypes import BITS
from tracer.graph import GraphError, Workload

from .autoencoder_options import AUTOENCODERS
from .limits import check_limits
from .pipeline import Pipeline

__all__ = [
    "UnknownWorkloadError",
    "WorkloadError",
    "find_pipeline",
    "find_variant",
    "iter_pipelines",
    "published_as",
    "resolve",
]


# Formats in which the layers of torch compute; smaller ones need models that are written for them.
_DTYPES = ("float16", "bfloat16", "float32", "float64")
_NARROWEST = 16


class WorkloadError(GraphError):
    """Settings that a pipeline cannot run."""


class UnknownWorkloadError(LookupError):
    """No pipeline of that name."""

    def __str__(self) -> str:
        """Message without the quotes that a KeyError would add."""
        return str(self.args[0])


def iter_pipelines() -> Iterator[Pipeline]:
    """Every pipeline that a file of this folder declares, by file name. Does not import torch."""
    for name in _module_names():
        yield from _declared(name)


def find_pipeline(name: str) -> Pipeline:
    """Pipeline of that name or alias, whatever its case.

    Raises
    ------
    UnknownWorkloadError
        No such pipeline; the message has the nearest names.
    """
    wanted = name.lower().replace("_", "-")
    known: dict[str, Pipeline] = {}
    # The file is usually named after the model: looking there first spares importing the others.
    for module in sorted(_module_names(), key=lambda m: not _is_named_after(m, wanted)):
        for pipeline in _declared(module):
            if wanted in (pipeline.name, *pipeline.aliases):
                return pipeline
            known |= dict.fromkeys((pipeline.name, *pipeline.aliases), pipeline)
    raise UnknownWorkloadError(f"unknown model {name[:200]!r}{_meant(wanted, known)} 'simulate --list' shows all")


def published_as(name: str) -> str:
    """``"; did you mean 'sdxl'?"`` for the name of a repository or a path that no folder has, or an empty string.

    A pipeline names the repositories that it is made from among its sources.
    """
    wanted = name.strip("/").lower()
    every = {pipeline.name: pipeline for pipeline in iter_pipelines()}
    # What a source begins with is what it is a source of.
    named = [
        (source.lower().index(wanted), each.name)
        for each in every.values()
        for source in each.sources
        if wanted in source.lower()
    ]
    if named:
        return f"; did you mean {min(named)[1]!r}?"
    known = {alias: each for each in every.values() for alias in (each.name, *each.aliases)}
    return _meant(wanted.rpartition("/")[2], known).removesuffix(";")


def _meant(wanted: str, known: Mapping[str, Pipeline]) -> str:
    """Nearest names, one of each pipeline."""
    found = dict[str, str]()
    for near in nearest(wanted, known, limit=6):
        found.setdefault(known[near].name, near)
    return f"; did you mean {' or '.join(map(repr, list(found.values())[:3]))}?" if found else ";"


def find_variant(name: str, variant: str) -> Pipeline:
    """Named variant of a pipeline: how an implementation runs what the pipeline has as published.

    Raises
    ------
    UnknownWorkloadError
        No such pipeline, or it has no variant of that name; the message has those that it has.
    """
    published = find_pipeline(name)
    variants = {
        pipeline.name.removeprefix(f"{published.name}-"): pipeline
        for pipeline in iter_pipelines()
        if pipeline.variant_of == published.name
    }
    if variant.lower() not in variants:
        valid = f"valid: {', '.join(sorted(variants))}" if variants else "it has none"
        raise UnknownWorkloadError(f"unknown variant {variant!r} of {published.name}; {valid}")
    return variants[variant.lower()]


def _module_names() -> list[str]:
    return sorted(info.name for info in pkgutil.iter_modules([str(Path(__file__).parent)]))


def _declared(module: str) -> tuple[Pipeline, ...]:
    pipelines: tuple[Pipeline, ...] = getattr(importlib.import_module(f"{__package__}.{module}"), "PIPELINES", ())
    return pipelines


def _is_named_after(module: str, model: str) -> bool:
    plain = module.replace("_", "")
    return model.replace("-", "").replace(".", "").startswith(plain)


# How settings are given that leave the choice to others.
_AUTO = {"kv_cache_dtype": "auto"}


def resolve(pipeline: Pipeline, settings: Mapping[str, object]) -> Workload:
    """Settings of a run: the pipeline's defaults with what the user set.

    Parameters
    ----------
    pipeline : Pipeline
    settings : mapping
        Fields of :class:`~tracer.graph.Workload`; ``None`` leaves the default.

    Raises
    ------
    WorkloadError
        A setting that does not apply to the pipeline, a size or frame count that it cannot make, or a dtype that its
        weights cannot have.
    """
    given = {name: value for name, value in settings.items() if value is not None and value != _AUTO.get(name)}
    defaults = asdict(pipeline.defaults)
    foreign = [name for name in given if defaults[name] is None and not _applies(name, pipeline)]
    if foreign:
        valid = ", ".join(name for name, value in defaults.items() if value is not None)
        raise WorkloadError(f"{pipeline.name} has no setting {foreign[0]}; valid: {valid}")
    workload = replace(pipeline.defaults, **given)  # type: ignore[arg-type]
    _check_sizes(pipeline, workload)
    check_limits(pipeline.name, pipeline.limits, workload)
    if workload.dtype not in _DTYPES:
        hint = "; narrower weights are a matter of --quantize" if BITS.get(workload.dtype, 16) < _NARROWEST else ""
        valid = ", ".join(_DTYPES)
        raise WorkloadError(f"dtype {workload.dtype} is impossible for {pipeline.name}; valid: {valid}{hint}")
    return workload


def _applies(setting: str, pipeline: Pipeline) -> bool:
    """Whether a pipeline has a setting whose default is none."""
    if setting in pipeline.optional:
        return True
    denoises = pipeline.architecture == "diffusion" and pipeline.defaults.num_inference_steps is not None
    if setting in ("scheduler", "step_cache", "lora"):
        return denoises
    if setting == "kv_cache_dtype" or pipeline.family == "language":
        return setting == "kv_cache_dtype" and pipeline.family == "language"
    # Components of a folder are known when it is read.
    decodes = not pipeline.parameters or any(name in pipeline.parameters for name in AUTOENCODERS)
    return setting.startswith("vae_") and decodes


def _check_sizes(pipeline: Pipeline, workload: Workload) -> None:
    for name in ("height", "width"):
        value = getattr(workload, name)
        if value is not None and value % pipeline.size_multiple:
            raise WorkloadError(
                f"{name} {value} is impossible for {pipeline.name}; valid: multiples of {pipeline.size_multiple}"
            )
    step, offset = pipeline.frame_rule
    frames = workload.num_frames
    if frames is not None and (frames - offset) % step:
        raise WorkloadError(
            f"num_frames {frames} is impossible for {pipeline.name}; valid: {offset} plus a multiple of {step}"
        )
