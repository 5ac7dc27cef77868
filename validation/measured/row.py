"""One row of a table of measured operator calls, without its time: what was called."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracer.graph import Op

from .records import Record
from .row_operator import operator_of_row

__all__ = ["Row", "row_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Operator, shapes, dtype and attributes as the file has them.

    ``kernel`` is the name of the kernel or the backend where the source gives it, else empty.
    """

    op: str
    shapes: Sequence[Sequence[int]]
    dtype: str
    attributes: Mapping[str, Any]
    kernel: str = ""
    source: str = "unknown"

    def operator(self) -> Op:
        """The ATen call. Raises as :func:`~validation.measured.row_operator.operator_of_row`."""
        return operator_of_row(self.op, self.shapes, self.dtype, self.attributes)

    @property
    def cold(self) -> bool:
        """Whether the row says that nothing was in the cache."""
        return bool(self.attributes.get("cache") == "cold")


def row_of(record: Record) -> Row:
    """Row of a record of a file.

    Raises
    ------
    ValueError
        Shapes or attributes are not what the format says.
    """
    return Row(
        op=record["op"],
        shapes=_shapes(record),
        dtype=record["dtype"],
        attributes=_attributes(record),
        kernel=record.get("kernel") or "",
        source=record.get("source") or "unknown",
    )


def _shapes(record: Record) -> list[list[int]]:
    try:
        shapes = json.loads(record["input_shapes"])
    except (ValueError, RecursionError):
        shapes = None
    right = isinstance(shapes, list) and all(isinstance(shape, list) for shape in shapes)
    if not right or not shapes or not all(type(n) is int and n > 0 for shape in shapes for n in shape):
        raise ValueError(f"{record['op']}: input_shapes are not lists of positive integers")
    return list(shapes)


def _attributes(record: Record) -> Mapping[str, Any]:
    try:
        attributes = json.loads(record["attributes"] or "{}")
    except (ValueError, RecursionError):
        attributes = None
    if not isinstance(attributes, dict):
        raise ValueError(f"{record['op']}: attributes are not a JSON object")
    return attributes
