"""Calls that a process of several makes and a graph of one lacks: collectives, and what packs and unpacks them.

Names are those of torch's process groups, as a profiler prints them.
"""

from __future__ import annotations

from tracer.graph import Op, TensorSpec

__all__ = ["all_gather", "all_reduce", "all_to_all", "blended", "converted", "exchange", "packed"]


def all_reduce(tensor: TensorSpec, ranks: int, span: int = 0, *, direct: bool = False) -> Op:
    """Sum of a tensor over all ranks, in place; `direct`: by a kernel of each that reads the memory of the others."""
    op = _collective("c10d::allreduce_", tensor, tensor, ranks, span)
    return Op(op.name, op.inputs, op.outputs, (("direct", True), *op.attributes)) if direct else op


def all_gather(tensor: TensorSpec, ranks: int, span: int = 0) -> Op:
    """The parts of all ranks one after another, from the part of one."""
    whole = TensorSpec((ranks, *tensor.shape), tensor.dtype)
    return _collective("c10d::_allgather_base_", TensorSpec(tensor.shape, tensor.dtype), whole, ranks, span)


def all_to_all(tensor: TensorSpec, ranks: int, span: int = 0) -> Op:
    """A part of every rank for every other; what a rank has stays as large."""
    plain = TensorSpec(tensor.shape, tensor.dtype)
    return _collective("c10d::alltoall_base_", plain, plain, ranks, span)


def exchange(numel: int, dtype: str, ranks: int, span: int = 0, *, beside: bool = False) -> Op:
    """Elements that each rank sends to a neighbour while another sends it as many.

    They travel in one step, as those of an all-to-all do, of which each rank keeps its own part: a message of
    ``ranks / (ranks - 1)`` times the elements. `beside` says that the next call does not wait for them.
    """
    message = TensorSpec((-(-numel * ranks // max(ranks - 1, 1)),), dtype)
    op = _collective("c10d::alltoall_base_", message, message, ranks, span)
    return Op(op.name, op.inputs, op.outputs, (("beside", True), *op.attributes)) if beside else op


def packed(tensor: TensorSpec, *, strides: tuple[int, ...] = ()) -> Op:
    """Copy of a tensor that lies otherwise to one without gaps (``permute(...).contiguous()``)."""
    return Op(
        "aten::clone",
        (TensorSpec(tensor.shape, tensor.dtype, strides),),
        (TensorSpec(tensor.shape, tensor.dtype),),
        (("memory_format", "contiguous_format"),),
    )


def converted(tensor: TensorSpec, dtype: str) -> Op:
    """Copy of a tensor in another dtype."""
    return Op(
        "aten::_to_copy",
        (TensorSpec(tensor.shape, tensor.dtype),),
        (TensorSpec(tensor.shape, dtype),),
        (("dtype", dtype),),
    )


def blended(tensor: TensorSpec, dtype: str) -> Op:
    """Sum of two tensors with a weight for each of their rows."""
    plain = TensorSpec(tensor.shape, dtype)
    weight = TensorSpec((*tensor.shape[:-1], 1), dtype)
    return Op("aten::lerp", (plain, plain, weight), (plain,))


def _collective(name: str, sent: TensorSpec, received: TensorSpec, ranks: int, span: int) -> Op:
    """A call whose ranks lie among so many neighbours (`span`), themselves alone where it is no more than they are."""
    between = (("span", span),) if span > ranks else ()
    return Op(name, (sent,), (received,), (("group_size", ranks), *between))
