"""PyTorch execution traces: the host side of a run with exact arguments, as ``ExecutionTraceObserver`` writes it.

Also known as Chakra host traces (Sridharan et al., "Chakra: Advancing performance benchmarking and co-design using
standardized execution traces", 2023). Nodes have inputs and outputs with shapes, types and storages, and name the node
around them; there are no times of the device, so such a trace gives a graph to predict and nothing to compare with.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tracer.event_columns import CallColumns, no_host_calls, no_kernels
from tracer.events.operator_arguments import dtype_of_type
from tracer.graph import AttributeValue, IndexArray, Op, TensorSpec, attributes_from
from tracer.operators import argument_names
from tracer.storage.json_stream import JsonStream, Progress, text_chunks
from tracer.trace import RunFacts, Trace, TraceFormatError

__all__ = ["VARIABLE_MAP", "read", "recognises"]

#: Field of ours -> its name in the ``inputs`` of a node, and in the flat nodes of versions before 1.0.3.
VARIABLE_MAP: Mapping[str, tuple[str, str]] = {
    "values": ("values", "inputs"),
    "shapes": ("shapes", "input_shapes"),
    "types": ("types", "input_types"),
    "strides": ("strides", "input_strides"),
}
_HEAD = 1 << 16
_TENSOR = re.compile(r"Tensor\((.+)\)$")
# Nodes that stand for threads, the process and annotations; operators are ``namespace::name``.
_OPERATOR = re.compile(r"^[A-Za-z_]\w*::\w+")


def recognises(path: Path) -> bool:
    """Whether the file begins with the schema of an execution trace, or with nodes that have control dependencies."""
    head = next(text_chunks(path, _HEAD), "")
    return head.lstrip()[:1] == "{" and ('"schema"' in head or '"ctrl_deps"' in head) and '"nodes"' in head


def read(path: Path, progress: Progress | None = None) -> Trace:
    """The trace: calls in the order in which they began, without times.

    Raises
    ------
    TraceFormatError
        The file is cut off, is not JSON, or has no operators.
    """
    reader = _Reader()
    with JsonStream(path, progress) as stream:
        for key, value in stream.members("nodes"):
            if key == "nodes":
                reader.node(value)
            elif key == "schema":
                reader.schema = str(value)
    return reader.build(path)


class _Reader:
    """Nodes as calls. A node's number grows with the time at which it began, so a parent has a smaller one."""

    def __init__(self) -> None:
        self.schema = ""
        self._ids = array("q")
        self._around = array("q")
        self._operator = array("q")
        self._threads = array("q")
        self._operators: dict[Op, int] = {}
        self._outer: dict[int, int] = {}
        self._skipped: Counter[str] = Counter()

    def node(self, node: Any) -> None:
        """One node of the trace."""
        identity = node.get("id") if isinstance(node, dict) else None
        if type(identity) is not int:
            self._skipped["node without a number"] += 1
            return
        above = node.get("ctrl_deps", node.get("parent"))
        above = above if type(above) is int and above != identity else -1
        name = str(node.get("name", ""))
        if not _OPERATOR.match(name):
            # What the node is in, for the operators within it.
            self._outer[identity] = above
            return
        attributes = _attributes(node)
        op = _operator(name, node, str(attributes.get("op_schema", node.get("op_schema", ""))))
        if op is None:
            self._skipped["node whose arguments cannot be read"] += 1
            self._outer[identity] = above
            return
        thread = attributes.get("tid", node.get("tid", 0))
        self._ids.append(identity)
        self._around.append(above)
        self._operator.append(self._operators.setdefault(op, len(self._operators)))
        self._threads.append(thread if type(thread) is int and thread < 2**62 else 0)

    def build(self, path: Path) -> Trace:
        """The trace of all nodes."""
        if not self._ids:
            raise TraceFormatError(f"{path}: no operator among the nodes")
        order = np.argsort(np.array(self._ids, dtype=np.int64), kind="stable")
        size = len(order)
        unknown = np.full(size, -1, dtype=np.int64)
        calls = CallColumns(
            operator=np.array(self._operator, dtype=np.int64)[order],
            module=unknown,
            stage=unknown,
            parent=self._parents(order),
            thread=np.array(self._threads, dtype=np.int64)[order],
            start=np.full(size, np.nan),
            duration=np.zeros(size),
            repeats=np.ones(size, dtype=np.int64),
        )
        return Trace(
            name=path.name.removesuffix(".gz").removesuffix(".json") or path.name,
            facts=RunFacts(format="execution_trace", settings=(("schema", self.schema),)),
            operators=tuple(self._operators),
            modules=(),
            stages=(),
            kernel_names=(),
            host_names=(),
            calls=calls,
            kernels=no_kernels(),
            host=no_host_calls(),
            skipped=dict(self._skipped),
        )

    def _parents(self, order: IndexArray) -> IndexArray:
        """Position of the nearest operator around each, -1 for none."""
        ids = np.array(self._ids, dtype=np.int64)[order].tolist()
        around = np.array(self._around, dtype=np.int64)[order].tolist()
        position = {identity: place for place, identity in enumerate(ids)}
        result = np.full(len(ids), -1, dtype=np.int64)
        for place, above in enumerate(around):
            seen = 0
            while above in self._outer and seen < 1000:
                above, seen = self._outer[above], seen + 1
            found = position.get(above, -1)
            result[place] = found if found < place else -1
        return result


def _attributes(node: Mapping[str, Any]) -> dict[str, Any]:
    found = node.get("attrs")
    if not isinstance(found, list):
        return {}
    return {str(a.get("name")): a.get("value") for a in found if isinstance(a, dict)}


def _operator(name: str, node: Mapping[str, Any], schema: str) -> Op | None:
    lists = {field: _field(node, "inputs", field) for field in VARIABLE_MAP}
    outputs = {field: _field(node, "outputs", field) for field in VARIABLE_MAP}
    if any(value is None for value in (*lists.values(), *outputs.values())):
        return None
    names = _names(schema) or argument_names(name)
    inputs: list[TensorSpec] = []
    plain: dict[str, AttributeValue] = {}
    for position, kind in enumerate(lists["types"] or ()):
        tensors = list(_tensors(kind, _at(lists["shapes"], position), _at(lists["strides"], position)))
        inputs.extend(tensors)
        if not tensors and position < len(names):
            value = _plain(_at(lists["values"], position))
            if value is not None:
                plain[names[position]] = value
    results = [
        tensor
        for position, kind in enumerate(outputs["types"] or ())
        for tensor in _tensors(kind, _at(outputs["shapes"], position), _at(outputs["strides"], position))
    ]
    return Op(name, tuple(inputs), tuple(results), attributes_from(plain))


def _field(node: Mapping[str, Any], side: str, field: str) -> list[Any] | None:
    """List of a node's arguments (or results), an empty one where it is absent, None where it is no list."""
    nested, flat = VARIABLE_MAP[field]
    place = node.get(side)
    if isinstance(place, dict):
        value = place.get(nested, [])
    elif field == "values":
        value = place if place is not None else []
    else:
        value = node.get(flat.replace("input", side.removesuffix("s")), [])
    return value if isinstance(value, list) else None


def _tensors(kind: Any, shape: Any, strides: Any) -> Iterator[TensorSpec]:
    """Tensors of one argument: one, or those of a list ``GenericList[Tensor(float),Tensor(float)]``."""
    text = str(kind)
    if text.startswith("GenericList["):
        kinds = text.removeprefix("GenericList[").removesuffix("]").split(",")
        for position, item in enumerate(kinds):
            yield from _tensors(item, _at(shape, position), _at(strides, position))
        return
    match = _TENSOR.match(text)
    dtype = dtype_of_type(match[1]) if match else None
    if dtype is None or not _is_shape(shape):
        return
    steps = tuple(strides) if _is_shape(strides) and len(strides) == len(shape) else ()
    spec = TensorSpec(tuple(shape), dtype, steps)
    yield TensorSpec(spec.shape, dtype) if spec.is_contiguous else spec


def _names(schema: str) -> tuple[str, ...]:
    """Names of the arguments in ``aten::mm(Tensor self, Tensor mat2) -> Tensor``."""
    inside = schema.partition("(")[2].rpartition(") ->")[0]
    parts = re.split(r",\s*(?![^\[]*\])", inside)
    words = [part.partition("=")[0].split() for part in parts]
    return tuple(word[-1] for word in words if word and word != ["*"])


def _is_shape(value: Any) -> bool:
    return isinstance(value, list) and all(type(n) is int and n >= 0 for n in value)


def _at(values: Any, position: int) -> Any:
    return values[position] if isinstance(values, Sequence) and position < len(values) else None


def _plain(value: Any) -> AttributeValue:
    if isinstance(value, list):
        return tuple(item for item in value if isinstance(item, bool | int | float | str)) if value else ()
    if value in ("<None>", "None", None, ""):
        return None
    return value if isinstance(value, bool | int | float | str) else None
