"""Graphs on disk: a versioned, compressed file that reads back equal.

The file is a NumPy ``.npz`` archive: one array ``header`` (UTF-8 JSON: everything but the columns) and one array for
each column. It holds no code and no pickles. Columns of storages are written as differences, because the calls of a
layer name storages at the same distances as those of the layer before it, and so compress to little.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from .graph import Component, GraphError, IndexArray, Op, OpGraph, Stage, Workload

__all__ = ["FORMAT_VERSION", "load_graph", "save_graph"]

FORMAT_VERSION = 1
_STAGE_COLUMNS = ("operators", "modules", "inputs", "outputs", "grown")
_STORAGE_COLUMNS = ("storage_bytes", "storage_roles")
_DELTA_CODED = frozenset({"inputs", "outputs"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _StageHeader:
    name: str
    component: str
    repeats: int
    grows: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    version: int
    name: str
    workload: Workload
    operators: tuple[Op, ...]
    modules: tuple[str, ...]
    stages: tuple[_StageHeader, ...]
    components: tuple[Component, ...]
    sources: tuple[str, ...]


def save_graph(graph: OpGraph, path: Path) -> None:
    """Write a graph; the file appears whole or not at all.

    Raises
    ------
    GraphError
        The folder does not exist or cannot be written.
    """
    columns = {name: getattr(graph, name) for name in _STORAGE_COLUMNS}
    for index, stage in enumerate(graph.stages):
        for name in _STAGE_COLUMNS:
            values = getattr(stage, name)
            if values is not None:
                columns[f"stage{index}.{name}"] = _encode(name, values)
    header = np.frombuffer(msgspec.json.encode(_header_of(graph)), dtype=np.uint8)
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise GraphError(f"{path}: cannot write: {error.strerror}") from error
    try:
        with os.fdopen(handle, "wb") as stream:
            np.savez_compressed(stream, header=header, **columns)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def load_graph(path: Path) -> OpGraph:
    """Read a graph.

    Raises
    ------
    GraphError
        The file is missing, is not a graph, is damaged, or was written by another version.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise GraphError(f"{path}: no such file") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zipfile.LargeZipFile) as error:
        raise GraphError(f"{path}: not a graph file, or damaged ({_first_line(error)})") from error
    except Exception as error:  # zlib.error and struct.error have no common base but Exception
        raise GraphError(f"{path}: damaged graph file ({_first_line(error)})") from error
    if "header" not in arrays:
        raise GraphError(f"{path}: not a graph file: it has no header")
    header = _decode_header(path, arrays["header"].tobytes())
    try:
        graph = _graph_from(header, arrays)
    except KeyError as error:
        raise GraphError(f"{path}: damaged graph file: column {error} is missing") from error
    _check(path, graph)
    return graph


def _header_of(graph: OpGraph) -> _Header:
    stages = tuple(
        _StageHeader(name=s.name, component=s.component, repeats=s.repeats, grows=s.grown is not None)
        for s in graph.stages
    )
    return _Header(
        version=FORMAT_VERSION,
        name=graph.name,
        workload=graph.workload,
        operators=graph.operators,
        modules=graph.modules,
        stages=stages,
        components=graph.components,
        sources=graph.sources,
    )


def _decode_header(path: Path, raw: bytes) -> _Header:
    try:
        version = msgspec.json.decode(raw, type=dict[str, Any]).get("version")
    except msgspec.DecodeError as error:
        raise GraphError(f"{path}: damaged header ({_first_line(error)})") from error
    if version != FORMAT_VERSION:
        raise GraphError(f"{path}: written in version {version}; this program reads version {FORMAT_VERSION}")
    try:
        return msgspec.json.decode(raw, type=_Header)
    except (msgspec.DecodeError, ValueError) as error:
        raise GraphError(f"{path}: damaged header ({_first_line(error)})") from error


def _graph_from(header: _Header, arrays: dict[str, Any]) -> OpGraph:
    stages = []
    for index, stage in enumerate(header.stages):
        names = _STAGE_COLUMNS if stage.grows else _STAGE_COLUMNS[:-1]
        columns = {name: _decode(name, arrays[f"stage{index}.{name}"]) for name in names}
        stages.append(Stage(name=stage.name, component=stage.component, repeats=stage.repeats, **columns))
    return OpGraph(
        name=header.name,
        workload=header.workload,
        operators=header.operators,
        modules=header.modules,
        stages=tuple(stages),
        components=header.components,
        storage_bytes=arrays["storage_bytes"].astype(np.int64),
        storage_roles=arrays["storage_roles"].astype(np.int64),
        sources=header.sources,
    )


def _check(path: Path, graph: OpGraph) -> None:
    """Refuse indices that point nowhere: a damaged file must not become a wrong total."""
    for stage in graph.stages:
        limits = (
            ("operators", stage.operators, len(graph.operators)),
            ("grown", stage.grown, len(graph.operators)),
            ("modules", stage.modules, len(graph.modules)),
            ("inputs", stage.inputs, len(graph.storage_bytes)),
            ("outputs", stage.outputs, len(graph.storage_bytes)),
        )
        for name, column, size in limits:
            if column is not None and len(column) and not (column.min() >= 0 and column.max() < size):
                raise GraphError(f"{path}: stage {stage.name!r}: column {name} points outside the graph")
        num_inputs = sum(len(graph.operators[i].inputs) for i in stage.operators)
        num_outputs = sum(len(graph.operators[i].outputs) for i in stage.operators)
        same_length = len(stage.modules) == stage.num_calls and (
            stage.grown is None or len(stage.grown) == stage.num_calls
        )
        if not same_length or num_inputs != len(stage.inputs) or num_outputs != len(stage.outputs):
            raise GraphError(f"{path}: stage {stage.name!r}: columns are of different lengths")


def _encode(name: str, values: IndexArray) -> Any:
    if name in _DELTA_CODED:
        values = np.diff(values, prepend=0)
    return values.astype(np.int32) if not len(values) or np.abs(values).max() < 2**31 else values


def _decode(name: str, values: Any) -> IndexArray:
    wide: IndexArray = values.astype(np.int64)
    return np.cumsum(wide) if name in _DELTA_CODED else wide


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
