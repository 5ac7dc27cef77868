"""Published rates of products and convolutions on the vector units of parts that have no matrix units."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from hw_specs.reading.record import Count, Record, Text, read_record
from hw_specs.units.quantity import FlopPerSecond
from tracer.graph import Op, TensorSpec

__all__ = ["VectorRate", "vector_rates"]

_FILE = Path(__file__).parent / "vector_rates.yaml"

#: Parameters that a rate of each group tells, all of one value, and the operator that was timed. Which algorithm of
#: Winograd a library has, fused or not, a rate does not say.
_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "vector_matmul": ("vector_matmul.rate",),
    "vector_batched": ("vector_batched.rate",),
    "vector_convolution": ("vector_convolution.rate", "vector_convolution.fused_rate"),
}
_OPERATORS: Mapping[str, str] = {
    "vector_matmul": "aten::mm",
    "vector_batched": "aten::bmm",
    "vector_convolution": "aten::convolution",
}


class VectorRate(Record):
    """One published rate."""

    accelerator: Text
    group: Literal["vector_matmul", "vector_batched", "vector_convolution"]
    """Parameter group of the kernel."""
    dtype: Literal["float16", "float32"]
    operands: Annotated[tuple[tuple[Count, ...], ...], Field(min_length=2, max_length=2)]
    """Shapes of both matrices, or of image and filter (which pads it to its own size)."""
    rate: FlopPerSecond
    """Of the FLOPs of the plain algorithm. [FLOP/s]"""
    source: Text

    @property
    def parameters(self) -> tuple[str, ...]:
        """Parameters that it tells."""
        return _PARAMETERS[self.group]

    @property
    def op(self) -> str:
        """Name of the operator that was timed."""
        return _OPERATORS[self.group]

    def operator(self) -> Op:
        """The call that was timed."""
        first, second = self.operands
        inputs = (TensorSpec(first, self.dtype), TensorSpec(second, self.dtype))
        if self.group != "vector_convolution":
            return Op(self.op, inputs, (TensorSpec((*first[:-1], second[-1]), self.dtype),))
        padding = tuple(side // 2 for side in second[2:])
        out = TensorSpec((first[0], second[0], *first[2:]), self.dtype)
        return Op(self.op, inputs, (out,), (("padding", padding), ("stride", (1, 1))))


class _VectorRates(Record):
    rates: tuple[VectorRate, ...]


@functools.cache
def vector_rates() -> tuple[VectorRate, ...]:
    """Rates that are known, each of a part that has no matrix units and that no table of measurements has."""
    return read_record(_FILE, _VectorRates, unit_strings_only=True).rates
