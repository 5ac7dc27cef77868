"""Chakra execution traces as protocol buffers (``.et``): messages one after another, each behind its length.

The first says the version, the others are nodes: operators of the host, and kernels that depend on them, with times in
microseconds. Fields as in ``et_def.proto`` (mlcommons/chakra, schema 0.0.4; Sridharan et al., 2023).
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.storage.chakra_schema import Arguments, Attribute, Field, NodeType
from tracer.storage.file_content import file_content, head_of
from tracer.storage.json_stream import Progress
from tracer.storage.protobuf_wire import WireError, delimited, fields, signed, text, varint
from tracer.trace import RunFacts, Trace, TraceFormatError

__all__ = ["read", "recognises"]

_HEAD = 1 << 14
_MICRO = 1000
_TENSOR = re.compile(r"Tensor\((.*)\)$")
#: Longest list of arguments that is read. [characters]
_LONGEST = 1 << 16


def recognises(path: Path) -> bool:
    """Whether the first two messages are a version and a node."""
    head = memoryview(head_of(path, _HEAD))
    try:
        size, at = varint(head, 0)
        if not 0 < size < len(head) - at or not _is_version(head[at : at + size]):
            return False
        _, at = varint(head, at + size)
        first = dict(_known(head[at:]))
        return bool(text(first.get(Field.NAME, 0))) and signed(first.get(Field.TYPE, 0)) in range(1, max(NodeType) + 1)
    except WireError:
        return False


def _is_version(message: memoryview) -> bool:
    parts = list(fields(message))
    return bool(parts) and parts[0][0] == 1 and not isinstance(parts[0][1], int) and text(parts[0][1]).isprintable()


def _known(message: memoryview) -> Iterable[tuple[int, int | memoryview]]:
    """First three fields of a node."""
    for number, value in fields(message):
        if number > Field.TYPE:
            return
        yield number, value


def read(path: Path, progress: Progress | None = None) -> Trace:
    """The trace; kernels belong to the operators that they depend on.

    Raises
    ------
    TraceFormatError
        The file is cut off or no such file, or has neither operators nor kernels.
    """
    reader = _Reader()
    with file_content(path) as data:
        try:
            messages = delimited(data)
            version = text(dict(fields(next(messages, memoryview(b"")))).get(1, 0))
            for message in messages:
                reader.node(message)
        except WireError as error:
            raise TraceFormatError(f"{path}: not a Chakra trace, or damaged ({error})") from error
    if progress is not None:
        progress(size := path.stat().st_size, size)
    return reader.build(path, version)


class _Reader:
    """Nodes as calls and device events."""

    def __init__(self) -> None:
        self._builder = TraceBuilder()
        self._calls: set[int] = set()
        self._kernels: list[tuple[str, int, int, list[int]]] = []

    def node(self, message: memoryview) -> None:
        """One node of the trace."""
        found: dict[int, int | memoryview] = {}
        around, attributes = [], {}
        for number, value in fields(message):
            if number in (Field.CONTROL, Field.DATA):
                around.extend(_numbers(value))
            elif number == Field.ATTRIBUTES and not isinstance(value, int):
                name, content = _attribute(value)
                attributes[name] = content
            else:
                found[number] = value
        identity, name = signed(found.get(Field.ID, 0)), text(found.get(Field.NAME, 0))
        start, duration = (signed(found.get(n, 0)) * _MICRO for n in (Field.START, Field.DURATION))
        if signed(found.get(Field.TYPE, 0)) == NodeType.METADATA:
            return
        if not attributes.get("is_cpu_op", "::" in name):
            self._kernels.append((name, start, duration, around))
            return
        self._calls.add(identity)
        self._builder.add_call(
            name, _arguments(found.get(Field.INPUTS, 0)), start=start, duration=duration, external=identity
        )

    def build(self, path: Path, version: str) -> Trace:
        """The trace of all nodes."""
        for name, start, duration, around in self._kernels:
            operator = next((number for number in around if number in self._calls), -1)
            self._builder.add_kernel(name, start=start, duration=duration, external=operator)
        name = path.name.removesuffix(".gz").removesuffix(".et").removesuffix(".chakra") or path.name
        trace = self._builder.build(name, RunFacts(format="chakra", settings=(("schema", version),)))
        if any(start for _, start, _, _ in self._kernels):
            return trace
        # Nodes that were made up have no times to begin at.
        return replace(trace, kernels=replace(trace.kernels, start=np.full(len(trace.kernels), np.nan)))


def _numbers(value: int | memoryview) -> list[int]:
    """Whole numbers of a repeated field, packed or one by one."""
    if isinstance(value, int):
        return [value]
    result, at = [], 0
    while at < len(value):
        number, at = varint(value, at)
        result.append(number)
    return result


def _attribute(message: memoryview) -> tuple[str, Any]:
    found = dict(fields(message))
    value = found.get(Attribute.BOOL)
    return text(found.get(Attribute.NAME, 0)), bool(value) if value is not None else text(
        found.get(Attribute.STRING, 0)
    )


def _arguments(inputs: int | memoryview) -> RecordedArguments:
    """Arguments from the texts of their lists."""
    if isinstance(inputs, int):
        return RecordedArguments()
    found = {number: _list(text(value)) for number, value in fields(inputs)}
    types = [_type(str(kind)) for kind in found.get(Arguments.TYPES, [])]
    return RecordedArguments(
        shapes=found.get(Arguments.SHAPES, []), types=types, values=found.get(Arguments.VALUES, [])
    )


def _type(kind: str) -> str:
    """Type as the PyTorch profiler writes it: ``Tensor(c10::Half)`` is ``c10::Half``."""
    if kind.startswith("GenericList[Tensor"):
        return "TensorList"
    match = _TENSOR.match(kind)
    return match[1] if match else kind


def _list(content: str) -> list[Any]:
    """List from JSON or Python's notation; empty where it is none, or too long to be one of arguments."""
    if len(content) > _LONGEST:
        return []
    for parse in (json.loads, ast.literal_eval):
        try:
            value = parse(content)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        return list(value) if isinstance(value, list | tuple) else []
    return []
