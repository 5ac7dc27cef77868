"""Kernels of TorchInductor that a trace names: each is one kernel already."""

from __future__ import annotations

from collections.abc import Sequence

from hw_specs import number_format
from simulator.execution import Execution
from simulator.kernels import Kernel, RowKind, RowWise, Stream, StreamKind
from simulator.lowering.rules import lowering_rule
from simulator.work import declared, work_of
from simulator.work.generated import loop_extents
from tracer.graph import Op
from tracer.operators import Kind

__all__ = ["generated_kernel"]

_STREAMS = {
    Kind.GENERATED_POINTWISE: StreamKind.ELEMENTWISE,
    Kind.GENERATED_PERSISTENT_REDUCTION: StreamKind.REDUCTION,  # holds its row in registers
}


@lowering_rule(Kind.GENERATED_REDUCTION, *_STREAMS)
def generated_kernel(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One kernel, in vectorised accesses: the compiler makes the loop follow memory."""
    return (_row_wise(op),) if declared(op).kind is Kind.GENERATED_REDUCTION else (_stream(op),)


def _row_wise(op: Op) -> RowWise:
    """A loop that passes over each row twice."""
    work, (rows, row_length) = work_of(op), loop_extents(op)
    operand = (op.outputs or op.inputs)[0]
    return RowWise(
        name=op.name.partition("::")[2],
        kind=RowKind.NORMALIZATION,
        number_format=number_format(operand.dtype),
        vector_flops=work.vector_flops,
        bytes_read=work.bytes_read,
        bytes_written=work.bytes_written,
        resident_bytes=work.bytes_read,
        itemsize=operand.itemsize,
        rows=rows,
        row_length=row_length,
        generated=True,
    )


def _stream(op: Op) -> Stream:
    work, (outer, inner) = work_of(op), loop_extents(op)
    operand = (op.outputs or op.inputs)[0]
    return Stream(
        name=op.name.partition("::")[2],
        kind=_STREAMS[declared(op).kind],
        number_format=number_format(operand.dtype),
        vector_flops=work.vector_flops,
        bytes_read=work.bytes_read,
        bytes_written=work.bytes_written,
        resident_bytes=work.bytes_read,
        itemsize=operand.itemsize,
        elements=outer,
        reduced_length=inner,
        num_inputs=float(max(len(op.inputs), 1)),
        generated=True,
    )
