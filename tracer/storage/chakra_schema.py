"""Numbers of fields and types in Chakra execution traces, and nodes as their messages.

Fields as in ``et_def.proto`` (mlcommons/chakra, schema 0.0.4; Sridharan et al., 2023).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .protobuf_wire import encoded, framed, packed

__all__ = ["SCHEMA", "Arguments", "Attribute", "Collective", "Field", "Node", "NodeType", "chakra_file"]

SCHEMA = "0.0.4"


class Field(enum.IntEnum):
    """Of a node."""

    ID = 1
    NAME = 2
    TYPE = 3
    CONTROL = 4
    DATA = 5
    START = 6
    DURATION = 7
    INPUTS = 8
    OUTPUTS = 9
    ATTRIBUTES = 10


class Arguments(enum.IntEnum):
    """Of a node's inputs or outputs, each a list as text."""

    VALUES = 1
    SHAPES = 2
    TYPES = 3


class Attribute(enum.IntEnum):
    """Of an attribute: its name, and the field of each type of value."""

    NAME = 1
    INT64 = 9
    BOOL = 27
    STRING = 29


class NodeType(enum.IntEnum):
    """What a node is."""

    METADATA = 1
    LOAD = 2
    STORE = 3
    COMPUTE = 4
    SEND = 5
    RECEIVE = 6
    COLLECTIVE = 7


class Collective(enum.IntEnum):
    """Values of the attribute ``comm_type``."""

    ALL_REDUCE = 0
    ALL_GATHER = 2
    BROADCAST = 5
    ALL_TO_ALL = 6
    REDUCE_SCATTER = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node of a trace.

    Attributes
    ----------
    id : int
    name : str
    type : NodeType
    control, data : sequence of int
        Nodes that it waits for: in order of issue, and for what it reads.
    start, duration : int
        [us]
    shapes, types : str
        Lists of its inputs as JSON, empty where nothing is said of them.
    attributes : mapping of str to bool, int or str
    """

    id: int
    name: str
    type: NodeType
    control: Sequence[int] = ()
    data: Sequence[int] = ()
    start: int = 0
    duration: int = 0
    shapes: str = ""
    types: str = ""
    attributes: Mapping[str, bool | int | str] = field(default_factory=dict)

    def message(self) -> bytes:
        """The node as it lies in a file, without its length."""
        waits = ((Field.CONTROL, self.control), (Field.DATA, self.data))
        parts: list[tuple[int, int | str | bytes]] = [
            (Field.ID, self.id),
            (Field.NAME, self.name),
            (Field.TYPE, self.type),
            *((number, packed(ids)) for number, ids in waits if ids),
            (Field.START, self.start),
            (Field.DURATION, self.duration),
        ]
        if self.shapes:
            parts.append((Field.INPUTS, encoded([(Arguments.SHAPES, self.shapes), (Arguments.TYPES, self.types)])))
        parts += [(Field.ATTRIBUTES, _attribute(name, value)) for name, value in self.attributes.items()]
        return encoded(parts)


def _attribute(name: str, value: bool | int | str) -> bytes:
    if isinstance(value, bool):
        return encoded([(Attribute.NAME, name), (Attribute.BOOL, int(value))])
    return encoded([(Attribute.NAME, name), (Attribute.STRING if isinstance(value, str) else Attribute.INT64, value)])


def chakra_file(nodes: Iterable[Node]) -> bytes:
    """A whole file: the version, then the nodes in order."""
    return framed(encoded([(1, SCHEMA)])) + b"".join(framed(node.message()) for node in nodes)
