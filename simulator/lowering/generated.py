"""Kernels of TorchInductor that a trace names: each is one kernel already."""

from __future__ import annotations

from collections.abc import Sequence

from hw_specs import number_format
from simulator.execution import Execution
from simulator.kernels import Implementation, Kernel, KernelFamily
from simulator.work import declared, work_of
from simulator.work.generated import loop_extents
from tracer.graph import Op
from tracer.operators import Kind

from .rules import lowering_rule

__all__ = ["generated_kernel"]

# A persistent reduction holds its row in registers; the other kind passes over the row twice.
_FAMILIES = {
    Kind.GENERATED_POINTWISE: KernelFamily.ELEMENTWISE,
    Kind.GENERATED_REDUCTION: KernelFamily.NORMALIZATION,
    Kind.GENERATED_PERSISTENT_REDUCTION: KernelFamily.REDUCTION,
}


@lowering_rule(*_FAMILIES)
def generated_kernel(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One kernel, in vectorised accesses: the compiler makes the loop follow memory."""
    work, (outer, inner) = work_of(op), loop_extents(op)
    operand = (op.outputs or op.inputs)[0]
    return (
        Kernel(
            name=op.name.partition("::")[2],
            family=_FAMILIES[declared(op).kind],
            implementation=Implementation.FUSED_CHAIN,
            number_format=number_format(operand.dtype),
            vector_flops=work.vector_flops,
            bytes_read=work.bytes_read,
            bytes_written=work.bytes_written,
            resident_bytes=work.bytes_read,
            itemsize=operand.itemsize,
            m=outer,
            n=inner,
            num_inputs=float(max(len(op.inputs), 1)),
        ),
    )
