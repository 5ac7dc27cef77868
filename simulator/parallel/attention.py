"""Attention whose tokens lie on several devices: heads for tokens (Ulysses), keys and values that go round (ring).

What is launched is that of xDiT's unified sequence parallelism (``yunchang``: ``SeqAllToAll4D`` packs by heads, sends
and packs by tokens, for query, key, value and output in turn; ``ring_flash_attn_forward`` sends keys and values while
it attends to those it has, and blends the parts in float32). Queries of text that every device has, and keys of text
in cross attention, need nothing. Where patches go through a pipeline, a patch's keys and values are put beside those
that the others left a step before (``update_and_get_kv_cache``).
"""

from __future__ import annotations

from dataclasses import replace

from tracer.graph import Op, TensorSpec
from tracer.messages import all_gather, all_to_all, blended, converted, exchange, packed

from .axes import strides_of
from .scheme import Scheme, SchemeError
from .survey import heads_axis, length_axis
from .writer import StageWriter

__all__ = ["attend", "gather_keys"]

_SUMS = "float32"


def attend(writer: StageWriter, op: Op, read: tuple[int, ...], written: tuple[int, ...], scheme: Scheme) -> None:
    """Calls of an attention whose queries and keys are both divided; `op` is that of one device before the exchange.

    Raises
    ------
    SchemeError
        The heads do not divide.
    """
    _require_heads(op, scheme, writer.graph.graph.name)
    span = scheme.span("ulysses")
    operands = [_by_heads(writer, op, i, read[i], scheme.ulysses, span) for i in range(3)]
    if scheme.pipefusion > 1:
        operands[1:] = [_beside_kept(writer, op, *operand, scheme.pipefusion) for operand in operands[1:]]
    tensors = tuple(spec for spec, _ in operands)
    storages = [*(storage for _, storage in operands), *read[3:]]
    out = _exchanged(op.outputs[0], op, scheme.ulysses)
    local = replace(op, inputs=(*tensors, *op.inputs[3:]), outputs=(out,))
    if scheme.ring > 1:
        result = _round(writer, local, storages, scheme.ring, scheme.span("ring"))
    elif scheme.ulysses == 1:
        writer.call((local,), storages, written[:1])
        return
    else:
        result = writer.make(local, *storages)
    _by_tokens(writer, op, local.outputs[0], (result, written[0]), scheme.ulysses, span)


def gather_keys(writer: StageWriter, op: Op, read: tuple[int, ...], written: tuple[int, ...], ranks: int) -> None:
    """Attention to the keys of all devices, which each of them gathers."""
    length = length_axis(op)
    wide, storages = [], []
    for tensor, storage in zip(op.inputs[1:3], read[1:3], strict=True):
        whole = _resized(tensor, length, tensor.shape[length] * ranks)
        wide.append(whole)
        storages.append(writer.make(all_gather(tensor, ranks), storage))
    local = replace(op, inputs=(op.inputs[0], *wide, *op.inputs[3:]))
    writer.call((local,), (read[0], *storages, *read[3:]), written)


def _beside_kept(writer: StageWriter, op: Op, tensor: TensorSpec, storage: int, parts: int) -> tuple[TensorSpec, int]:
    """Keys or values of all patches, of which those of one are new."""
    length = length_axis(op)
    whole = _resized(tensor, length, tensor.shape[length] * parts)
    kept = writer.graph.storage(whole)
    writer.call((packed(tensor),), (storage,), (kept,))
    return whole, kept


def _require_heads(op: Op, scheme: Scheme, model: str) -> None:
    heads = min(tensor.shape[heads_axis(op)] for tensor in op.inputs[:2])
    if heads % scheme.ulysses:
        valid = ", ".join(str(n) for n in range(1, heads + 1) if heads % n == 0)
        left = f" that tensor={scheme.tensor} leaves" if scheme.tensor > 1 else ""
        raise SchemeError(
            f"ulysses={scheme.ulysses} does not divide the {heads} heads of {model}{left}; valid: {valid}; "
            "ring takes any"
        )


def _resized(tensor: TensorSpec, axis: int, extent: int) -> TensorSpec:
    shape = list(tensor.shape)
    shape[axis] = extent
    return TensorSpec(tuple(shape), tensor.dtype)


def _exchanged(tensor: TensorSpec, op: Op, ranks: int) -> TensorSpec:
    """All tokens of a part of the heads, in place of all heads of a part of the tokens."""
    if ranks == 1:
        return tensor
    heads, length = heads_axis(op), length_axis(op)
    fewer = _resized(tensor, heads, tensor.shape[heads] // ranks)
    return _resized(fewer, length, tensor.shape[length] * ranks)


def _by_heads(writer: StageWriter, op: Op, at: int, storage: int, ranks: int, span: int) -> tuple[TensorSpec, int]:
    """An operand with all tokens of a part of the heads."""
    tensor = op.inputs[at]
    if ranks == 1:
        return tensor, storage
    storage = writer.make(packed(tensor, strides=_swapped(tensor, op)), storage)
    storage = writer.make(all_to_all(tensor, ranks, span), storage)
    after = _exchanged(tensor, op, ranks)
    if after.shape[0] > 1:
        storage = writer.make(packed(after, strides=_swapped(after, op)), storage)
    return after, storage


def _by_tokens(
    writer: StageWriter, op: Op, tensor: TensorSpec, storages: tuple[int, int], ranks: int, span: int
) -> None:
    """The output with all heads of its own tokens again, from the first storage to the second."""
    storage, written = storages
    if ranks > 1:
        storage = writer.make(packed(tensor, strides=_swapped(tensor, op)), storage)
        storage = writer.make(all_to_all(tensor, ranks, span), storage)
    own = op.outputs[0]
    writer.call((packed(own, strides=_swapped(own, op)),), (storage,), (written,))


def _swapped(tensor: TensorSpec, op: Op) -> tuple[int, ...]:
    """Steps of a tensor whose tokens and heads lie the other way round in memory than its extents name them."""
    heads, length = heads_axis(op), length_axis(op)
    shape = list(tensor.shape)
    shape[heads], shape[length] = shape[length], shape[heads]
    steps = list(strides_of(TensorSpec(tuple(shape), tensor.dtype)))
    steps[heads], steps[length] = steps[length], steps[heads]
    return tuple(steps)


def _round(writer: StageWriter, op: Op, storages: list[int], ranks: int, span: int) -> int:
    """Attention to one part of the keys after another; each part is on its way while the one before is attended to."""
    key, out = op.inputs[1], op.outputs[0]
    (query, *held), masks = storages[:3], storages[3:]
    total = -1
    for step in range(ranks):
        coming = held
        if step + 1 < ranks:
            coming = [writer.make(exchange(key.numel, key.dtype, ranks, span, beside=True), s) for s in held]
        part = writer.make(converted(out, _SUMS), writer.make(op, query, *held, *masks))
        total = part if total < 0 else writer.make(blended(out, _SUMS), total, part, part)
        held = coming
    return writer.make(converted(TensorSpec(out.shape, _SUMS), out.dtype), total)
