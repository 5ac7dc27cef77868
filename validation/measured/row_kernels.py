"""Kernels that the call of a row launched: those of a workload's or a trace's operators, as the source ran them."""

from __future__ import annotations

from dataclasses import replace

from hw_specs import Accelerator
from simulator.kernels import Kernel
from simulator.lowering import as_generated, execution_on
from simulator.projection.operator_times import kernels_or_reason

from .row import Row
from .sources import source_of

__all__ = ["row_kernels"]


def row_kernels(row: Row, accelerator: Accelerator) -> tuple[Kernel, ...]:
    """Kernels of a row on the part that it ran on.

    Raises
    ------
    ValueError, LookupError, TypeError, ArithmeticError
        The row is not one that can be predicted, and why.
    """
    source = source_of(row.source)
    execution = source.execution(row, accelerator, execution_on(accelerator))
    found: list[Kernel] = []
    for op in source.operators(row):
        kernels, reason = kernels_or_reason(op, execution)
        if reason or not kernels:
            raise LookupError(f"operator {op.name}: {reason or 'launches no kernel'}")
        warm = (source.resident_bytes(row, op, kernel, accelerator) for kernel in kernels)
        if execution.compiled:
            kernels = as_generated(kernels)
        found += [
            source.as_timed(replace(kernel, resident_bytes=size)) for kernel, size in zip(kernels, warm, strict=True)
        ]
    return tuple(found)
