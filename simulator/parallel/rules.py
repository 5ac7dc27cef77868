"""What each kind of operator says of axes: those of its outputs, those that it sums over, those that it joins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tracer.graph import Op
from tracer.operators import ATTENTIONS, CONVOLUTIONS, PRODUCTS, Kind, declaration_of, kind_of

from .axes import Axes, Dim, Dims, Factor

__all__ = ["BIASED", "Walk", "walk_of"]

BIASED = frozenset({Kind.BIASED_PRODUCT, Kind.BIASED_BATCHED_PRODUCT, Kind.BIASED_SUM_OF_PRODUCTS})
"""Products whose first input is what is added to them."""


@dataclass(frozen=True, slots=True)
class Walk:
    """How a call walks its operands.

    Attributes
    ----------
    outputs : tuple of Dims
        Factors of each output that the rule says something of.
    summed : Dim
        What a product sums over.
    reduced : tuple of Dim
        What a norm or a softmax takes statistics of.
    spread : Dims
        Extents of an image along which a convolution reads neighbours too; none of those where its taps tile it.
    """

    outputs: tuple[Dims, ...] = ()
    summed: Dim = ()
    reduced: Dims = ()
    spread: Dims = ()


Rule = Callable[[Axes, Op, Sequence[Dims]], Walk]


def walk_of(axes: Axes, op: Op, inputs: Sequence[Dims]) -> Walk:
    """Axes of the outputs of a call, whose inputs' axes may be joined by it."""
    kind = kind_of(op.name)
    rule = _RULES.get(kind) if kind is not None else None
    return (rule or _aligned)(axes, op, inputs)


def _aligned(axes: Axes, op: Op, inputs: Sequence[Dims]) -> Walk:
    """Extents side by side from the right, as operands broadcast; an extent of 1 says nothing."""
    return Walk(tuple(_broadcast(axes, tensor.shape, op, inputs) for tensor in op.outputs))


def _broadcast(axes: Axes, shape: Sequence[int], op: Op, inputs: Sequence[Dims]) -> Dims:
    found: list[Dim] = []
    for back in range(len(shape), 0, -1):
        dim: Dim = ()
        for tensor, dims in zip(op.inputs, inputs, strict=True):
            if len(dims) >= back and tensor.shape[-back] == shape[-back]:
                dim = axes.merged(dim, dims[-back])
        found.append(dim)
    return tuple(found)


def _resized(axes: Axes, op: Op, inputs: Sequence[Dims]) -> Walk:
    """Extents of the first input one by one, some of them longer or shorter."""
    if not inputs or len(inputs[0]) != len(op.outputs[0].shape):
        return _aligned(axes, op, inputs)
    return Walk((tuple(map(_with_extent, inputs[0], op.outputs[0].shape)),))


def _with_extent(dim: Dim, extent: int) -> Dim:
    """The outermost axis of an extent of another length."""
    if not dim or extent <= 1:
        return ()
    product = 1
    for factor in dim:
        product *= factor.extent
    return dim if product == extent else (Factor(extent, dim[0].axis),)


def _normalized(axes: Axes, op: Op, inputs: Sequence[Dims]) -> Walk:
    """Statistics of the last extents, as many as the weights or the attribute name."""
    shape = op.attribute("normalized_shape", (0,))
    count = len(shape) if isinstance(shape, tuple) else 1
    return Walk(_aligned(axes, op, inputs).outputs, reduced=inputs[0][-count:])


def _grouped(axes: Axes, op: Op, inputs: Sequence[Dims]) -> Walk:
    """Statistics of all positions of an image; weights go along the channels."""
    first = inputs[0]
    for tensor, dims in zip(op.inputs[1:], inputs[1:], strict=True):
        if len(tensor.shape) == 1:
            first = (first[0], axes.merged(first[1], dims[0]), *first[2:])
    return Walk((first,), reduced=first[2:])


def _softmax(axes: Axes, op: Op, inputs: Sequence[Dims]) -> Walk:
    axis = op.attribute("dim", -1)
    at = axis if isinstance(axis, int) else -1
    return Walk(_aligned(axes, op, inputs).outputs, reduced=(inputs[0][at],))


def _reduction(axes: Axes, op: Op, inputs: Sequence[Dims]) -> Walk:
    """Extents but those that are summed up."""
    if not inputs:
        return Walk()
    given = op.attribute("dim")
    listed = given if isinstance(given, tuple) else () if given is None else (given,)
    rank = len(inputs[0])
    gone = {int(d) % rank for d in listed if isinstance(d, int)} if rank else set()
    gone = gone or set(range(rank))
    kept = bool(op.attribute("keepdim", False))
    dims = tuple(() if d in gone else dim for d, dim in enumerate(inputs[0]) if kept or d not in gone)
    matching = tuple(dims for tensor in op.outputs if len(tensor.shape) == len(dims))
    return Walk(matching, reduced=tuple(inputs[0][d] for d in sorted(gone)))


def _product(axes: Axes, op: Op, inputs: Sequence[Dims]) -> Walk:
    """Rows of the first operand, columns of the second; a bias comes before or after them."""
    kind = kind_of(op.name)
    biased = kind in BIASED
    first, second = inputs[1:3] if biased else inputs[:2]
    if len(second) < 2 or not first:
        return Walk((first[:-1],), summed=axes.merged(first[-1], second[-1]) if first and second else ())
    rows, columns = (-1, -2) if kind is Kind.LINEAR else (-2, -1)
    summed = axes.merged(first[-1], second[rows])
    out: Dims = (*first[:-1], second[columns])
    if len(second) > 2 and len(second) == len(first):
        lead = tuple(axes.merged(a, b) for a, b in zip(first[:-2], second[:-2], strict=True))
        out = (*lead, first[-2], second[columns])
    bias = inputs[0] if biased else inputs[2] if len(inputs) > 2 else ()
    if bias:
        width = min(len(bias), len(out))
        out = (*out[: len(out) - width], *map(axes.merged, out[-width:], bias[-width:]))
    return Walk((out,), summed=summed)


def _attention(axes: Axes, op: Op, inputs: Sequence[Dims]) -> Walk:
    """Batch, heads and length of the queries, width of the values; heads of keys go with those of queries."""
    declared = declaration_of(op.name)
    heads = declared.heads_axis if declared is not None else -3
    length = -2 if heads == -3 else -3
    query, key, value = inputs[:3]
    axes.merged(key[length], value[length])
    out = list(query)
    for at in (0, heads) if len(query) > 3 else (0,):
        for other in (key, value):
            axis = axes.joined(_outermost(out[at]), _outermost(other[at]))
            out[at] = _with_axis(out[at], axis)
    axes.merged(query[-1], key[-1])
    out[-1] = value[-1]
    return Walk((tuple(out),))


def _outermost(dim: Dim) -> int:
    return dim[0].axis if dim else -1


def _with_axis(dim: Dim, axis: int) -> Dim:
    return (Factor(dim[0].extent, axis), *dim[1:]) if dim else dim


def _concatenation(axes: Axes, op: Op, inputs: Sequence[Dims]) -> Walk:
    """Extents of all inputs together; along the axis of the concatenation the parts are one axis, or a new extent."""
    shape = op.outputs[0].shape if op.outputs else ()
    rank = len(shape)
    dim = op.attribute("dim", 0)
    at = (dim if isinstance(dim, int) else 0) % max(rank, 1)
    stacked = any(len(dims) == rank - 1 for dims in inputs)
    out: list[Dim] = [()] * rank
    for dims in inputs:
        placed = (*dims[:at], (), *dims[at:]) if stacked else dims
        if len(placed) == rank:
            out = [_side_by_side(axes, a, b) if d == at else axes.merged(a, b) for d, (a, b) in _pairs(out, placed)]
    if not stacked and out:
        out[at] = _with_extent(out[at], shape[at])
    return Walk((tuple(out),))


def _pairs(one: Sequence[Dim], other: Sequence[Dim]) -> Sequence[tuple[int, tuple[Dim, Dim]]]:
    return list(enumerate(zip(one, other, strict=True)))


def _side_by_side(axes: Axes, one: Dim, other: Dim) -> Dim:
    if not one or not other:
        return one or other
    return (Factor(one[0].extent, axes.joined(one[0].axis, other[0].axis)), *one[1:])


def _convolution(axes: Axes, op: Op, inputs: Sequence[Dims]) -> Walk:
    """Batch and positions of the image, channels of the weight; grouped channels go through."""
    image, weight = inputs[:2]
    shape = op.outputs[0].shape
    groups = op.attribute("groups", 1)
    transposed = kind_of(op.name) is Kind.TRANSPOSED_CONVOLUTION
    into, out_of = (0, 1) if transposed else (1, 0)
    alone = isinstance(groups, int) and groups > 1
    channels = axes.merged(image[1], weight[0]) if alone and not transposed else weight[out_of]
    if len(inputs) > 2 and inputs[2]:
        channels = axes.merged(channels, inputs[2][0])
    places = tuple(map(_with_extent, image[2:], shape[2:]))
    summed = () if alone else axes.merged(image[1], weight[into])
    steps = _steps(op, len(shape) - 2)
    taps = op.inputs[1].shape[2:]
    spread = tuple(dim if n > step else () for dim, n, step in zip(image[2:], taps, steps, strict=True))
    return Walk(((image[0], channels, *places),), summed=summed, spread=spread)


def _steps(op: Op, rank: int) -> tuple[int, ...]:
    stride = op.attribute("stride", 1)
    given = stride if isinstance(stride, tuple) else (stride,)
    whole = tuple(n for n in given if isinstance(n, int)) or (1,)
    return whole * rank if len(whole) == 1 else whole


def _gather(axes: Axes, op: Op, inputs: Sequence[Dims]) -> Walk:
    """Rows of a table: extents of the indices, then those of a row."""
    if len(inputs) < 2 or len(inputs[1]) + len(inputs[0]) - 1 != len(op.outputs[0].shape):
        return _aligned(axes, op, inputs)
    return Walk(((*inputs[1], *inputs[0][1:]),), summed=inputs[0][0] if len(inputs[0]) == 2 else ())


_RULES: dict[Kind, Rule] = {
    **dict.fromkeys(PRODUCTS, _product),
    **dict.fromkeys(ATTENTIONS - {Kind.PACKED_ATTENTION}, _attention),
    **dict.fromkeys(CONVOLUTIONS, _convolution),
    Kind.LAYER_NORM: _normalized,
    Kind.RMS_NORM: _normalized,
    Kind.RESIDUAL_RMS_NORM: _normalized,
    Kind.GROUP_NORM: _grouped,
    Kind.SPREAD_GROUP_NORM: _grouped,
    Kind.BATCH_NORM: _grouped,
    Kind.SOFTMAX: _softmax,
    Kind.REDUCTION: _reduction,
    Kind.CONCATENATION: _concatenation,
    Kind.PADDING: _resized,
    Kind.RESAMPLE: _resized,
    Kind.POOLING: _resized,
    Kind.GATHER: _gather,
}
