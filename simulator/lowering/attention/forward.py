"""Attention: one fused kernel, or product, softmax, product with the score matrix in memory."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from hw_specs import number_format
from simulator.execution import Execution
from simulator.kernels import (
    AccessPattern,
    Attention,
    AttentionAlgorithm,
    Kernel,
    Product,
    RowKind,
    RowWise,
    Stream,
    StreamKind,
)
from simulator.lowering.memory_bound.copies import copy_kernel
from simulator.lowering.products.contraction import generated_product, product_format
from simulator.lowering.rules import lowering_rule
from simulator.work import work_of
from simulator.work.attention import AttentionShape, attention_shape
from tracer.graph import Op, TensorSpec
from tracer.operators import Kind

from .choice import algorithm_of

__all__ = ["attention", "fused_attention", "naive_attention"]


@lowering_rule(
    Kind.ATTENTION,
    Kind.SEPARATE_ATTENTION,
    Kind.FLASH_ATTENTION,
    Kind.EFFICIENT_ATTENTION,
    Kind.CUDNN_ATTENTION,
    Kind.PAGED_ATTENTION,
    Kind.PACKED_ATTENTION,
)
def attention(op: Op, execution: Execution) -> Sequence[Kernel]:
    """Kernels of an attention call."""
    algorithm = algorithm_of(op, execution)
    return naive_attention(op, execution) if algorithm is None else (fused_attention(op, algorithm),)


def fused_attention(op: Op, algorithm: AttentionAlgorithm) -> Attention:
    """One kernel that keeps scores on chip; in float32 that is the memory-efficient one of CUTLASS."""
    shape, work = attention_shape(op), work_of(op)
    query = op.inputs[0]
    if query.dtype == "float32":
        algorithm = AttentionAlgorithm.SPLIT_FLOAT32
    return Attention(
        name="fused_attention",
        algorithm=algorithm,
        number_format=number_format(query.dtype),
        matrix_flops=work.contraction_flops,
        vector_flops=work.vector_flops,
        special_ops=work.special_ops,
        bytes_read=work.bytes_read,
        bytes_written=work.bytes_written,
        resident_bytes=work.bytes_read,
        itemsize=query.itemsize,
        num_heads=shape.batch * shape.heads,
        query_length=shape.query_length,
        key_length=shape.key_length,
        head_dim=shape.head_dim,
        value_dim=shape.value_dim,
        heads_per_key_head=shape.heads / shape.key_heads,
        causal=shape.causal,
        key_share=op.inputs[1].itemsize / query.itemsize,
    )


def naive_attention(op: Op, execution: Execution) -> Sequence[Kernel]:
    """Baseline attention as diffusers and the study run it.

    Heads are split by copies of query, key and value where they do not lie at even steps (``reshape`` to batch times
    heads copies then, and is a view otherwise); ``baddbmm`` scales in its epilogue; a mask (causal or given) is one
    more pass over the scores; softmax reads and writes them; after the second product a copy merges the heads. A
    causal mask saves no work here: all scores are computed. Where a compiler generates the products of one query,
    copies and mask are part of them.
    """
    shape = attention_shape(op)
    query, key, value = op.inputs[:3]
    copies = [
        copy_kernel("split_heads", t, AccessPattern.STRIDED)
        for t in (query, key, value)
        if not _is_batch_of_matrices(t)
    ]
    masked = shape.causal or len(op.inputs) > 3
    scores = float(shape.batch * shape.heads * shape.query_length * shape.key_length)
    score_bytes = scores * query.itemsize
    first = _product("attention_scores", op, shape, execution, inner=shape.head_dim, columns=shape.key_length)
    softmax = RowWise(
        name="attention_softmax",
        kind=RowKind.SOFTMAX,
        number_format=number_format(query.dtype),
        vector_flops=4.0 * scores,
        special_ops=scores,
        bytes_read=score_bytes,
        bytes_written=score_bytes,
        resident_bytes=score_bytes,
        itemsize=query.itemsize,
        rows=scores / shape.key_length,
        row_length=shape.key_length,
        held=shape.key_length <= execution.software.softmax_in_registers,
    )
    second = _product("attention_values", op, shape, execution, inner=shape.key_length, columns=shape.value_dim)
    if execution.max_autotune and shape.query_length == 1:
        return (
            generated_product(first, execution),
            replace(softmax, generated=True),
            generated_product(second, execution),
        )
    return (
        *copies,
        first,
        *((_mask(scores, score_bytes, query, shape),) if masked else ()),
        softmax,
        second,
        copy_kernel("merge_heads", op.outputs[0], AccessPattern.STRIDED),
    )


def _product(name: str, op: Op, shape: AttentionShape, execution: Execution, *, inner: int, columns: int) -> Product:
    """One of the two batched products. Grouped keys are repeated to all heads first, so they are read in full."""
    batch = shape.batch * shape.heads
    itemsize = op.inputs[0].itemsize
    read = batch * (shape.query_length * inner + inner * columns) * itemsize
    return Product(
        name=name,
        number_format=product_format(op.inputs[0].dtype, tf32=execution.matmul_tf32),
        matrix_flops=2.0 * batch * shape.query_length * inner * columns,
        bytes_read=read,
        bytes_written=batch * shape.query_length * columns * itemsize,
        resident_bytes=read,
        itemsize=itemsize,
        batch=batch,
        m=shape.query_length,
        n=columns,
        k=inner,
    )


def _mask(scores: float, score_bytes: float, query: TensorSpec, shape: AttentionShape) -> Stream:
    mask_bytes = shape.query_length * shape.key_length * query.itemsize
    return Stream(
        name="attention_mask",
        kind=StreamKind.ELEMENTWISE,
        number_format=number_format(query.dtype),
        vector_flops=scores,
        bytes_read=score_bytes + mask_bytes,
        bytes_written=score_bytes,
        resident_bytes=score_bytes,
        itemsize=query.itemsize,
        elements=scores,
        num_inputs=2,
        pattern=AccessPattern.BROADCAST,
    )


def _is_batch_of_matrices(tensor: TensorSpec) -> bool:
    """Whether a batched product can take a tensor as it lies: matrices at even steps, one of their axes dense."""
    if not tensor.strides:
        return True
    steps = [(n, step) for n, step in zip(tensor.shape[:-2], tensor.strides[:-2], strict=True) if n > 1]
    even = all(outer[1] == inner[0] * inner[1] for outer, inner in itertools.pairwise(steps))
    return even and 1 in tensor.strides[-2:]
