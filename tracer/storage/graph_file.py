"""Graphs on disk: a versioned, compressed file that reads back equal.

The file is a NumPy ``.npz`` archive: one array ``header`` (UTF-8 JSON: everything but the columns) and one array for
each column. It holds no code and no pickles. Columns of storages are written as differences, because the calls of a
layer name storages at the same distances as those of the layer before it, and so compress to little.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tracer.graph import (
    Component,
    GraphError,
    IndexArray,
    Op,
    OpGraph,
    Stage,
    StorageRole,
    Workload,
    impossible_tensor,
)

from .array_archive import ArchiveError, decode_header, first_line, read_archive, write_archive

__all__ = ["FORMAT_VERSION", "load_graph", "save_graph"]

FORMAT_VERSION = 1
#: Most bytes of all storages of a graph, and most calls of a stage, that are believed.
MOST_BYTES, MOST_CALLS = 2**56, 2**46
_AGAIN = "make the file again with 'trace graph --model NAME -o FILE'"
_STAGE_COLUMNS = ("operators", "modules", "inputs", "outputs", "grown")
_STORAGE_COLUMNS = ("storage_bytes", "storage_roles")
_BELONGS = re.compile(rf"{'|'.join(_STORAGE_COLUMNS)}|stage\d{{1,6}}\.({'|'.join(_STAGE_COLUMNS)})")
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


def save_graph(graph: OpGraph, path: str | Path) -> None:
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
    try:
        write_archive(Path(path), msgspec.json.encode(_header_of(graph)), columns)
    except ArchiveError as error:
        raise GraphError(str(error)) from error


def load_graph(path: str | Path) -> OpGraph:
    """Read a graph.

    Raises
    ------
    GraphError
        The file is missing, is not a graph, is damaged, or was written by another version.
    """
    path = Path(path)
    try:
        raw, arrays = read_archive(path, kind="graph", belongs=_BELONGS)
        header = decode_header(path, raw, _Header, version=FORMAT_VERSION, again=_AGAIN)
    except ArchiveError as error:
        raise GraphError(str(error)) from error
    try:
        graph = _graph_from(header, arrays)
    except KeyError as error:
        raise GraphError(f"{path}: damaged graph file: column {error} is missing") from error
    except ValueError as error:
        raise GraphError(f"{path}: damaged graph file ({first_line(error)})") from error
    if not graph.stages:
        raise GraphError(f"{path}: holds no stage; a graph has at least one")
    _check_tensors(path, graph)
    _check_storages(path, graph)
    for stage in graph.stages:
        _check_stage(path, graph, stage)
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
        storage_bytes=_decode("storage_bytes", arrays["storage_bytes"]),
        storage_roles=_decode("storage_roles", arrays["storage_roles"]),
        sources=header.sources,
    )


def _check_tensors(path: Path, graph: OpGraph) -> None:
    """Refuse tensors that cannot be: a damaged file must not become a wrong total."""
    if wrong := impossible_tensor(graph.operators):
        raise GraphError(f"{path}: {wrong}")
    for tensor in {t for op in graph.operators for t in (*op.inputs, *op.outputs)}:
        if tensor.strides and len(tensor.strides) != len(tensor.shape):
            raise GraphError(f"{path}: a tensor of rank {len(tensor.shape)} has {len(tensor.strides)} strides")
        if tensor.itemsize <= 0:  # raises for a dtype that is not known
            raise GraphError(f"{path}: dtype {tensor.dtype} has no size")


def _check_storages(path: Path, graph: OpGraph) -> None:
    sizes, roles = graph.storage_bytes, graph.storage_roles
    if sizes.shape != roles.shape or sizes.ndim != 1:
        raise GraphError(f"{path}: storages have {sizes.size} sizes and {roles.size} roles")
    if sizes.size and (sizes.min() < 0 or not set(np.unique(roles).tolist()) <= {int(role) for role in StorageRole}):
        raise GraphError(f"{path}: a storage has a negative size or an unknown role")
    if (total := float(sizes.sum(dtype=np.float64))) > MOST_BYTES:
        raise GraphError(f"{path}: storages hold {total:.3g} B; at most {MOST_BYTES:.3g} are believed")


def _check_stage(path: Path, graph: OpGraph, stage: Stage) -> None:
    """Refuse columns of other lengths than the calls need, and indices that point nowhere."""
    where = f"{path}: stage {stage.name!r}"
    if stage.repeats < 1:
        raise GraphError(f"{where} runs {stage.repeats} times; it must run at least once")
    if stage.repeats * max(stage.num_calls, 1) > MOST_CALLS:
        raise GraphError(f"{where} runs {stage.repeats} times; at most {MOST_CALLS} calls are believed")
    num_operators, num_storages = len(graph.operators), len(graph.storage_bytes)
    _check_column(where, "operators", stage.operators, stage.num_calls, num_operators)
    _check_column(where, "modules", stage.modules, stage.num_calls, len(graph.modules))
    num_inputs = np.array([len(op.inputs) for op in graph.operators], dtype=np.int64)
    num_outputs = np.array([len(op.outputs) for op in graph.operators], dtype=np.int64)
    _check_column(where, "inputs", stage.inputs, int(num_inputs[stage.operators].sum()), num_storages)
    _check_column(where, "outputs", stage.outputs, int(num_outputs[stage.operators].sum()), num_storages)
    if stage.grown is not None:
        _check_column(where, "grown", stage.grown, stage.num_calls, num_operators)
        if any((n[stage.grown] != n[stage.operators]).any() for n in (num_inputs, num_outputs)):
            raise GraphError(f"{where}: a call has other tensors in the last repeat than in the first")


def _check_column(where: str, name: str, column: IndexArray, length: int, size: int) -> None:
    if column.shape != (length,):
        raise GraphError(f"{where}: column {name} has {column.size} entries; its calls need {length}")
    if length and not (column.min() >= 0 and column.max() < size):
        raise GraphError(f"{where}: column {name} points outside the graph")


def _encode(name: str, values: IndexArray) -> Any:
    if name in _DELTA_CODED:
        values = np.diff(values, prepend=0)
    return values.astype(np.int32) if not len(values) or np.abs(values).max() < 2**31 else values


def _decode(name: str, values: Any) -> IndexArray:
    if values.dtype.kind not in "iu":
        raise ValueError(f"{name} holds no whole numbers")
    wide: IndexArray = values.astype(np.int64)
    return np.cumsum(wide) if name in _DELTA_CODED else wide
