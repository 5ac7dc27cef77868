"""Graphs of named workloads: from the bundle that ships, from the cache, or traced now and cached."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

from hw_specs.reading.bounds import InputError, read_bytes
from tracer.graph import GraphError, OpGraph, Workload
from tracer.step_cache import StepCache, with_step_cache
from tracer.storage.graph_file import FORMAT_VERSION, load_graph, save_graph
from tracer.workloads import Pipeline, UnknownWorkloadError, find_pipeline, resolve
from tracer.workloads.catalogue import published_as
from tracer.workloads.schedulers import without_scheduler
from tracer.workloads.variations import varied, without_fused_adapter

from .bundle import bundled_graph
from .sources import sources_of

__all__ = ["MissingTracerError", "cache_folder", "graph_of", "pipeline_of", "runs_channels_last"]


class MissingTracerError(ImportError):
    """A workload must be traced, and torch or diffusers is not installed."""


def graph_of(
    name: str,
    settings: Mapping[str, object] | None = None,
    *,
    use_cache: bool = True,
    progress: Callable[[str], None] | None = None,
) -> OpGraph:
    """Graph of a workload.

    Parameters
    ----------
    name : str
        Name of a pipeline, or path of a folder of a diffusers pipeline or of a language model of transformers.
    settings : mapping, optional
        Fields of :class:`~tracer.graph.Workload` that the user set; ``None`` leaves the default.
    use_cache : bool
        Whether to read and write the cache; the bundle is read in any case.
    progress : callable, optional
        Called with the name of each stage that is about to be traced.

    Raises
    ------
    UnknownWorkloadError, WorkloadError
        No such pipeline, or settings that it cannot run.
    MissingTracerError
        The graph must be traced and torch or diffusers is not installed.
    """
    folder = _folder_of(name)
    pipeline = pipeline_of(name)
    workload = resolve(pipeline, settings or {})
    cache = None if workload.step_cache is None else StepCache.parse(workload.step_cache)
    plain = _as_traced(workload)
    # A folder may bear the name of a pipeline of the bundle and be another.
    graph = bundled_graph(pipeline.name, plain) if folder is None else None
    if graph is None:
        # A scheduler that runs the denoiser more often is a graph of more steps.
        graph = _kept(pipeline, without_scheduler(plain), folder, use_cache=use_cache, progress=progress)
    if cache is not None:
        graph = with_step_cache(graph, cache, pipeline.denoisers)
    return graph if graph.workload == workload else replace(graph, workload=workload)


def _as_traced(workload: Workload) -> Workload:
    """The same run without what costs nothing or is made of the graph: fused adapters, and steps that are skipped."""
    tiling, slicing = workload.vae_tiling or None, workload.vae_slicing or None
    return replace(without_fused_adapter(workload), step_cache=None, vae_tiling=tiling, vae_slicing=slicing)


def _kept(
    pipeline: Pipeline,
    workload: Workload,
    folder: Path | None,
    *,
    use_cache: bool,
    progress: Callable[[str], None] | None,
) -> OpGraph:
    """Graph of a workload from the cache, or traced now and kept there."""
    path = cache_folder() / f"{pipeline.name}-{_key(pipeline, workload, folder)}.npz"
    if use_cache and path.exists():
        try:
            return load_graph(path)
        except GraphError:
            path.unlink(missing_ok=True)  # A damaged cache entry is made again.
    graph = _traced(pipeline, workload, progress)
    if use_cache:
        _store(graph, path)
    return graph


def pipeline_of(name: str) -> Pipeline:
    """Pipeline of a name, or of a folder of a diffusers pipeline or a language model.

    Raises
    ------
    UnknownWorkloadError
        No such pipeline.
    """
    folder = _folder_of(name)
    return find_pipeline(name) if folder is None else _pipeline_of_folder(folder)


def runs_channels_last(name: str) -> bool:
    """Whether a workload's authors run it with channels innermost; not where there is no such workload."""
    try:
        return pipeline_of(name).channels_last
    except UnknownWorkloadError:
        return False


def _folder_of(name: str) -> Path | None:
    """The folder that a name is the path of, or None where it names a pipeline."""
    return Path(name) if os.sep in name or _is_model_folder(Path(name)) else None


def cache_folder() -> Path:
    """Folder of cached graphs: ``$ROOFCAST_CACHE``, or the user's cache folder."""
    given = os.environ.get("ROOFCAST_CACHE")
    if given:
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "roofcast"


def _pipeline_of_folder(folder: Path) -> Pipeline:
    if _holds(folder, "model_index.json"):
        from tracer.workloads.diffusers_folder import pipeline_from_folder

        return pipeline_from_folder(folder)
    if _holds(folder, "config.json"):
        from tracer.workloads.language_folder import language_model_from_folder

        return language_model_from_folder(folder)
    if not _exists(folder):
        raise UnknownWorkloadError(f"{str(folder)[:200]}: no such file or folder{published_as(str(folder)[:200])}")
    raise UnknownWorkloadError(
        f"{str(folder)[:200]}: no diffusers pipeline folder, as it has no model_index.json, and no language model, as "
        "it has no config.json"
    )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False  # A name that no file can have.


def _is_model_folder(folder: Path) -> bool:
    return any(_holds(folder, name) for name in ("model_index.json", "config.json"))


def _holds(folder: Path, name: str) -> bool:
    """Whether something has that name in a folder; what it is, the reader of the file says."""
    return _exists(folder / name)


def _traced(pipeline: Pipeline, workload: Workload, progress: Callable[[str], None] | None) -> OpGraph:
    try:
        from tracer.capture.pipelines import capture_pipeline
    except ImportError as error:
        raise MissingTracerError(
            f"{pipeline.name} with these settings is not in the bundle and must be traced, which needs "
            f"{error.name}: pip install 'roofcast[trace]'"
        ) from error
    return capture_pipeline(varied(pipeline, workload), workload, progress=progress)


def _store(graph: OpGraph, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_graph(graph, path)
    except (OSError, GraphError):
        return  # A cache that cannot be written costs time, nothing else.


def _key(pipeline: Pipeline, workload: Workload, folder: Path | None = None) -> str:
    """Digest of the settings and of all that shapes a graph: our sources, a pipeline's folder, the libraries."""
    configurations = [] if folder is None else _configurations(folder)
    digests = (_source_digest(pipeline), _digest(configurations), *_variation_digest(pipeline, workload))
    settings = {name: value for name, value in asdict(workload).items() if value is not None}
    parts = (FORMAT_VERSION, pipeline.sources, settings, digests, _library_versions())
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:16]


def _configurations(folder: Path) -> list[Path]:
    """Files of a folder that its graph follows from: of a language model one, not its vocabulary."""
    if not _holds(folder, "model_index.json"):
        return [folder / "config.json"]
    return sorted([*folder.glob("*.json"), *folder.glob("*/*.json")])


def _source_digest(pipeline: Pipeline) -> str:
    return _digest(sources_of(pipeline.build))


def _variation_digest(pipeline: Pipeline, workload: Workload) -> tuple[str, ...]:
    """Of what changes the stages of a pipeline, where a workload asks for it."""
    return () if varied(pipeline, workload) is pipeline else (_digest(sources_of(varied)),)


def _library_versions() -> list[str]:
    """Versions of the libraries whose models are traced; those that are not installed are left out."""
    versions = []
    for name in ("torch", "diffusers", "transformers"):
        with contextlib.suppress(PackageNotFoundError):
            versions.append(f"{name} {version(name)}")
    return versions


#: Longest file of a folder whose content decides its graph: vocabularies lie beside configurations. [B]
_LARGEST_CONFIGURATION = 1 << 27


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        try:
            digest.update(read_bytes(path, most=_LARGEST_CONFIGURATION))
        except InputError as error:
            raise GraphError(f"{path}: {error}") from error
    return digest.hexdigest()
