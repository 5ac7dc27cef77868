"""Constants, sequences and random numbers."""

from __future__ import annotations

from functools import partial

from tracer.graph import Op, TensorSpec

from .declaration import declare
from .kinds import Kind
from .shapes import like_input

__all__ = ["OPERATORS", "sized"]


def sized(op: Op) -> tuple[TensorSpec, ...]:
    """Of the extents and dtype that the attributes say."""
    dtype = op.attribute("dtype", op.inputs[0].dtype if op.inputs else "float32")
    size = op.attribute("size")
    if not isinstance(size, tuple):
        raise ValueError("no size")
    return (TensorSpec(tuple(int(n) for n in size if n is not None), str(dtype)),)


_fill = partial(declare, kind=Kind.FILL)
_sized = partial(_fill, outputs=sized)
_like = partial(_fill, outputs=like_input)

OPERATORS = (
    _sized("zeros ones rand randn", "size dtype layout device pin_memory"),
    _sized("full", "size fill_value dtype layout device pin_memory"),
    _sized("new_zeros new_ones", "self size"),
    _sized("new_full", "self size fill_value"),
    _like("zeros_like ones_like full_like rand_like randn_like"),
    _fill("fill zero arange linspace eye scalar_tensor tril_indices triu_indices _efficientzerotensor Memset"),
    _fill("randint randperm random normal normal_functional uniform exponential bernoulli"),
)
