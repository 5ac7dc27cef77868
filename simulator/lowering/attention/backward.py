"""Gradients of attention: one fused kernel with two short ones around it, or products with the scores in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hw_specs import number_format
from simulator.execution import Execution
from simulator.kernels import Attention, AttentionAlgorithm, Kernel, Product, RowKind, RowWise, Stream, StreamKind
from simulator.lowering.memory_bound.reductions import reduction_loads
from simulator.lowering.products.contraction import product_format
from simulator.lowering.rules import lowering_rule
from simulator.work import work_of
from simulator.work.attention import AttentionShape, attention_shape
from tracer.graph import Op
from tracer.operators import ATTENTION_GRADIENTS

from .choice import algorithm_of

__all__ = ["attention_backward"]

#: Bytes of a number in float32, in which kernels add up what blocks contribute to the query's gradient. [B]
_WIDE = 4.0

#: Products of the backward pass over those of the forward pass.
_PRODUCTS = 2.5


@lowering_rule(*ATTENTION_GRADIENTS)
def attention_backward(op: Op, execution: Execution) -> Sequence[Kernel]:
    """Kernels of the backward pass.

    Fused, every row of the output times its gradient is added up first, which clears the sum of the query's gradient
    too; blocks then take a tile of keys each, compute its scores again, and add to the query's gradient in float32,
    which the last kernel brings to its format (``flash_bwd_dot_do_o_kernel``, ``flash_bwd_dq_dk_dv_loop``,
    ``flash_bwd_convert_dq_kernel``; csrc/flash_attn/src/flash_bwd_launch_template.h of FlashAttention). That cuDNN and
    CUTLASS do the same is assumed. Unchecked: no public table of kernels has a backward pass of attention.
    """
    algorithm = algorithm_of(op, execution)
    if algorithm is None:
        return _separate(op, execution)
    query = op.inputs[1]
    wide = query.numel * _WIDE
    rows = _stream(op, "output_times_gradient", read=2.0 * query.nbytes, written=wide, elements=query.numel)
    dense = replace(rows, kind=StreamKind.REDUCTION, elements=query.numel / query.shape[-1])
    dense = replace(dense, reduced_length=float(query.shape[-1]), loads=reduction_loads(query.shape[-1], along=True))
    last = _stream(op, "convert_query_gradient", read=wide, written=float(query.nbytes), elements=query.numel)
    return (dense, _fused(op, algorithm), last)


def _fused(op: Op, algorithm: AttentionAlgorithm) -> Attention:
    shape, work = attention_shape(op), work_of(op)
    query = op.inputs[1]
    return Attention(
        name="fused_attention_backward",
        algorithm=AttentionAlgorithm.SPLIT_FLOAT32 if query.dtype == "float32" else algorithm,
        number_format=number_format(query.dtype),
        matrix_flops=work.contraction_flops,
        vector_flops=work.vector_flops,
        special_ops=work.special_ops,
        bytes_read=work.bytes_read,
        bytes_written=work.bytes_written - query.nbytes + query.numel * _WIDE,
        resident_bytes=float(op.inputs[0].nbytes),
        itemsize=query.itemsize,
        num_heads=shape.batch * shape.heads,
        # Blocks walk over queries, one for each tile of keys.
        query_length=shape.key_length,
        key_length=shape.query_length,
        head_dim=shape.head_dim,
        value_dim=shape.value_dim,
        causal=shape.causal,
        products=_PRODUCTS,
    )


def _separate(op: Op, execution: Execution) -> Sequence[Kernel]:
    """Four products and the gradient of a softmax, of probabilities that the forward pass has stored."""
    shape, query = attention_shape(op), op.inputs[1]
    scores = float(shape.batch * shape.heads * shape.query_length * shape.key_length)
    softmax = RowWise(
        name="softmax_backward",
        kind=RowKind.SOFTMAX,
        number_format=number_format(query.dtype),
        vector_flops=4.0 * scores,
        bytes_read=2.0 * scores * query.itemsize,
        bytes_written=scores * query.itemsize,
        resident_bytes=scores * query.itemsize,
        itemsize=query.itemsize,
        rows=scores / shape.key_length,
        row_length=shape.key_length,
        held=shape.key_length <= execution.software.softmax_in_registers,
    )
    lengths = (shape.query_length, shape.key_length)
    return (
        _product("value_gradient", op, shape, execution, m=lengths[1], n=shape.value_dim, k=lengths[0]),
        _product("probability_gradient", op, shape, execution, m=lengths[0], n=lengths[1], k=shape.value_dim),
        softmax,
        _product("query_gradient", op, shape, execution, m=lengths[0], n=shape.head_dim, k=lengths[1]),
        _product("key_gradient", op, shape, execution, m=lengths[1], n=shape.head_dim, k=lengths[0]),
    )


def _product(name: str, op: Op, shape: AttentionShape, execution: Execution, *, m: int, n: int, k: int) -> Product:
    batch, query = shape.batch * shape.heads, op.inputs[1]
    read = float(batch * (m * k + k * n) * query.itemsize)
    return Product(
        name=name,
        number_format=product_format(query.dtype, tf32=execution.matmul_tf32),
        matrix_flops=2.0 * batch * m * n * k,
        bytes_read=read,
        bytes_written=float(batch * m * n * query.itemsize),
        resident_bytes=read,
        itemsize=query.itemsize,
        batch=batch,
        m=m,
        n=n,
        k=k,
    )


def _stream(op: Op, name: str, *, read: float, written: float, elements: float) -> Stream:
    query = op.inputs[1]
    return Stream(
        name=name,
        kind=StreamKind.ELEMENTWISE,
        number_format=number_format(query.dtype),
        vector_flops=2.0 * elements,
        bytes_read=read,
        bytes_written=written,
        resident_bytes=min(read, float(query.nbytes)),
        itemsize=query.itemsize,
        elements=float(elements),
        num_inputs=2.0,
        converts=query.itemsize < _WIDE,
    )
