"""Matrix products: one kernel, with bias and scaling in its epilogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from hw_specs import number_format
from simulator.execution import Execution
from simulator.kernels import Kernel, Product, Stream, StreamKind
from simulator.lowering.rules import lowering_rule
from simulator.work import declared, work_of
from simulator.work.contraction import ExpertsShape, experts_shape, groups_touched
from tracer.graph import Op, TensorSpec
from tracer.operators import Kind

__all__ = ["fused_experts", "generated_product", "grouped_product", "matrix_product", "product_format"]

# Kinds whose first input is the bias, so that the factors are the second and third.
_BIASED = (Kind.BIASED_PRODUCT, Kind.BIASED_BATCHED_PRODUCT, Kind.BIASED_SUM_OF_PRODUCTS)


@lowering_rule(Kind.PRODUCT, Kind.BATCHED_PRODUCT, Kind.LINEAR, *_BIASED)
def matrix_product(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One GEMM; where the second factor has no batch, all rows of the first are its rows."""
    work, kind = work_of(op), declared(op).kind
    first, second = op.inputs[1:3] if kind in _BIASED else op.inputs[:2]
    out = op.outputs[0].shape
    reduced = second.shape[-1] if kind is Kind.LINEAR else first.shape[-1]
    columns = out[-1] if len(second.shape) > 1 else 1
    # A sum over the batch is product with a longer reduced axis.
    summed = second.shape[0] if kind is Kind.BIASED_SUM_OF_PRODUCTS else 1
    batch = prod(second.shape[:-2]) // summed
    product = Product(
        name="gemm",
        number_format=product_format(first.dtype, tf32=execution.matmul_tf32),
        matrix_flops=work.contraction_flops,
        vector_flops=work.vector_flops,
        bytes_read=work.bytes_read,
        bytes_written=work.bytes_written,
        # A two-dimensional second factor is a weight, last read a whole forward pass ago.
        resident_bytes=float(first.nbytes if batch == 1 else first.nbytes + second.nbytes),
        itemsize=first.itemsize,
        batch=batch,
        m=prod(out) / (columns * batch),
        n=columns,
        k=reduced * summed,
        packed=bool(op.attribute("packed", False)),
    )
    biased = kind in _BIASED or (kind is Kind.LINEAR and len(op.inputs) > 2)
    return (product if biased else generated_product(product, execution),)


def generated_product(product: Product, execution: Execution) -> Kernel:
    """A product as it is, or of one row, where the compiler tunes what it generates, as a sum that it generates.

    Inductor multiplies and sums then in place of a library's product, which "only achieve peak bandwidth with
    coordinate descent tuning" (``torch/_inductor/decomposition.py``: ``mm`` and ``bmm``, not ``addmm``).
    """
    if not execution.max_autotune or product.m > 1 or product.packed:
        return product
    return Stream(
        name="generated_product",
        kind=StreamKind.REDUCTION,
        number_format=product.number_format,
        matrix_flops=product.matrix_flops,
        vector_flops=product.vector_flops,
        bytes_read=product.bytes_read,
        bytes_written=product.bytes_written,
        resident_bytes=product.resident_bytes,
        itemsize=product.itemsize,
        elements=product.n * product.batch,
        reduced_length=product.k,
        num_inputs=2.0,
        generated=True,
    )


@lowering_rule(Kind.GROUPED_PRODUCT)
def grouped_product(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One kernel for all experts that have rows, whose tiles none shares with another (torch._grouped_mm, fused_moe).

    Experts get equally many rows; where some get more, the tiles of the others are emptier, which is not modelled.
    """
    work, touched = work_of(op), max(groups_touched(op), 1.0)
    rows, weights = op.inputs[:2]
    return (
        Product(
            name="grouped_gemm",
            number_format=product_format(rows.dtype, tf32=execution.matmul_tf32),
            matrix_flops=work.contraction_flops,
            bytes_read=work.bytes_read,
            bytes_written=work.bytes_written,
            resident_bytes=float(rows.nbytes),
            itemsize=rows.itemsize,
            batch=touched,
            m=prod(rows.shape[:-1]) / touched,
            n=weights.shape[-1],
            k=rows.shape[-1],
            routed=True,
        ),
    )


@lowering_rule(Kind.FUSED_EXPERTS)
def fused_experts(op: Op, execution: Execution) -> Sequence[Kernel]:
    """Rows sorted by expert, two grouped products with a gate between them, and the sum of each token's rows.

    ``fused_experts_impl`` of vLLM (vllm/model_executor/layers/fused_moe/fused_moe.py): ``moe_align_block_size``,
    ``fused_moe_kernel``, ``silu_and_mul``, ``fused_moe_kernel``, ``moe_sum``. The sort is as short as kernels get.
    """
    shape, (tokens, first, second) = experts_shape(op), op.inputs[:3]
    size, out = tokens.itemsize, op.outputs[0]
    share = shape.touched / shape.experts
    gated = _product_of(op, shape, size, n=2 * shape.hidden, k=shape.width, weights=first.nbytes * share)
    down = _product_of(op, shape, out.itemsize, n=shape.width, k=shape.hidden, weights=second.nbytes * share)
    inner = float(shape.rows * shape.hidden)
    outer = float(shape.rows * shape.width)
    return (
        _pass(op, "sort_by_expert", elements=shape.rows, read=8.0 * shape.rows, written=8.0 * shape.rows),
        gated,
        replace(_pass(op, "gate", elements=inner, read=2 * inner * size, written=inner * size), special_ops=inner),
        down,
        _pass(
            op, "sum_of_experts", elements=outer / shape.choices, read=outer * out.itemsize, written=float(out.nbytes)
        ),
    )


def _product_of(op: Op, shape: ExpertsShape, written: float, *, n: int, k: int, weights: float) -> Product:
    """Product of the rows of all experts, whose results take so many bytes each."""
    tokens, weight = op.inputs[:2]
    multiplied = TensorSpec((), _multiplied(weight, tokens))
    rows = shape.rows * float(multiplied.itemsize)
    return Product(
        name="grouped_gemm",
        number_format=product_format(multiplied.dtype, tf32=False),
        matrix_flops=2.0 * shape.rows * n * k,
        bytes_read=rows * k + weights,
        bytes_written=shape.rows * n * written,
        resident_bytes=rows * k,
        itemsize=multiplied.itemsize,
        batch=shape.touched,
        m=shape.rows / shape.touched,
        n=n,
        k=k,
        routed=True,
    )


def _pass(op: Op, name: str, *, elements: float, read: float, written: float) -> Stream:
    """A pass over rows between products."""
    tokens = op.inputs[0]
    return Stream(
        name=name,
        kind=StreamKind.ELEMENTWISE,
        number_format=number_format(tokens.dtype),
        vector_flops=4.0 * elements,
        bytes_read=read,
        bytes_written=written,
        resident_bytes=read,
        itemsize=tokens.itemsize,
        elements=elements,
        num_inputs=2.0,
    )


def _multiplied(weight: TensorSpec, tokens: TensorSpec) -> str:
    """Format of the products: the weights', unless those are packed whole numbers that kernels widen, or floats
    narrower than tokens of eight bits, beside which matrix units take them at the tokens' rate (PTX ISA, mxf8f6f4).
    """
    widened = weight.dtype in ("uint8", "int32", "int8") or weight.itemsize < tokens.itemsize <= 1
    return tokens.dtype if widened else weight.dtype


def product_format(dtype: str, *, tf32: bool) -> str:
    """Number format of a product: float32 becomes tf32 where the framework allows it."""
    name = number_format(dtype)
    return "tf32" if tf32 and name == "fp32" else name
