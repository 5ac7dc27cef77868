"""Kernels that stream operands through the cores: elementwise arithmetic, copies, gathers, reductions."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Generic, TypeVar

from .kernel import BoolArray, Flag, FloatArray, IntArray, Kernel, Number, column
from .table import FamilyTable

__all__ = ["AccessPattern", "Stream", "StreamColumns", "StreamKind", "StreamTable"]


class AccessPattern(enum.IntEnum):
    """How the threads of a kernel walk its operands."""

    CONTIGUOUS = 0
    BROADCAST = 1
    STRIDED = 2
    TRANSPOSED = 3


class StreamKind(enum.IntEnum):
    """What a kernel does with what it streams, as far as its grid differs."""

    ELEMENTWISE = 0
    REDUCTION = 1
    COPY = 2
    CONCATENATION = 3
    GATHER = 4
    TILED_TRANSPOSITION = 5


Kind = TypeVar("Kind")
Pattern = TypeVar("Pattern")


@dataclass(frozen=True, eq=False, kw_only=True)
class StreamColumns(Generic[Number, Flag, Kind, Pattern]):
    """Extents of a stream.

    Attributes
    ----------
    kind
        A :class:`StreamKind`.
    elements
        Elements of the output, or of the tiles that cover it; each has a place that a thread computes. [1]
    reduced_length
        Input elements that become one of the output; 1 where nothing is reduced. [1]
    loads
        Groups of loads that a thread waits for one after another; 1 where all are in flight at once. [1]
    joined_axes
        Axes that are left once neighbours that all operands walk as one are joined. [1]
    num_inputs
        Tensor operands that are read. [1]
    pattern
        An :class:`AccessPattern`.
    generated
        Whether a compiler wrote it, with its indices inlined and approximate functions.
    converts
        Whether operands have several number formats, so that threads take and convert single elements.
    conversion
        Whether it only brings an operand into the layout that a neighbouring kernel of its operator wants.
    """

    kind: Kind
    elements: Number
    reduced_length: Number = column(1.0)
    loads: Number = column(1.0)
    joined_axes: Number = column(1.0)
    num_inputs: Number = column(1.0)
    pattern: Pattern = column(AccessPattern.CONTIGUOUS)
    generated: Flag = column(False)
    converts: Flag = column(False)
    conversion: Flag = column(False)


@dataclass(frozen=True, kw_only=True)
class Stream(StreamColumns[float, bool, StreamKind, AccessPattern], Kernel):
    """One kernel that streams."""

    @property
    def walked(self) -> float:
        """Elements that its loop walks. [1]"""
        return self.elements * self.reduced_length


@dataclass(frozen=True, eq=False, kw_only=True)
class StreamTable(StreamColumns[FloatArray, BoolArray, IntArray, IntArray], FamilyTable):
    """Streams as columns."""

    kernel_type = Stream

    @property
    def avoidable(self) -> BoolArray:
        """Conversions between layouts, which an ideal library would not launch."""
        return self.conversion

    def kind_names(self) -> tuple[str, ...]:
        """Name of the kind of each kernel."""
        return tuple(StreamKind(code).name.lower() for code in self.kind.tolist())
