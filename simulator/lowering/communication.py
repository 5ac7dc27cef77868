"""Collectives: one kernel on every rank."""

from __future__ import annotations

from collections.abc import Sequence

from hw_specs import number_format
from simulator.execution import Execution
from simulator.kernels import Collective, CollectiveAlgorithm, Kernel
from simulator.work import declared, work_of
from tracer.graph import Op
from tracer.operators import Kind

from .rules import lowering_rule

__all__ = ["collective"]

_ALGORITHMS = {
    Kind.ALL_REDUCE: CollectiveAlgorithm.ALL_REDUCE,
    Kind.ALL_GATHER: CollectiveAlgorithm.ALL_GATHER,
    Kind.REDUCE_SCATTER: CollectiveAlgorithm.REDUCE_SCATTER,
    Kind.ALL_TO_ALL: CollectiveAlgorithm.ALL_TO_ALL,
    Kind.BROADCAST: CollectiveAlgorithm.BROADCAST,
    Kind.POINT_TO_POINT: CollectiveAlgorithm.BROADCAST,
}


@lowering_rule(*_ALGORITHMS)
def collective(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One kernel; the attribute ``group_size`` (or ``num_gpus``) says how many ranks take part, 2 if it is absent.

    A message from one rank to another is all sent, of which a ring of two sends half.
    """
    kind, work = declared(op).kind, work_of(op)
    single = kind is Kind.POINT_TO_POINT
    ranks = 2 if single else op.attribute("group_size", op.attribute("num_gpus", 2))
    span = op.attribute("span", 0)
    return (
        Collective(
            name=kind.name.lower(),
            algorithm=_ALGORITHMS[kind],
            number_format=number_format(op.inputs[0].dtype),
            vector_flops=work.vector_flops,
            bytes_read=work.bytes_read,
            bytes_written=work.bytes_written,
            itemsize=op.inputs[0].itemsize,
            message_bytes=max(work.bytes_read, work.bytes_written) * (2.0 if single else 1.0),
            num_ranks=float(ranks) if isinstance(ranks, int | float) else 2.0,
            span=float(span) if isinstance(span, int | float) else 0.0,
            beside=float(bool(op.attribute("beside", False))),
            direct=float(bool(op.attribute("direct", False))),
        ),
    )
