"""Cases as kernels: what the simulator takes a measured operator call to launch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hw_specs import Accelerator
from simulator.execution import Execution
from simulator.kernels import Kernel, KernelTables
from simulator.lowering import assign_units, kernels_of
from simulator.work import UnsupportedOpError
from tracer.graph import Op
from validation.measured.tables import MeasuredKernels

from .case import KernelCase
from .catalogue import prepare

__all__ = ["case_kernels", "case_operators", "measured_cases"]


def case_operators(case: KernelCase) -> list[Op]:
    """ATen calls that a case makes, in order, from a run on meta tensors."""
    import torch

    from tracer.capture import trace_module

    call = prepare(case, torch.device("meta"), torch.Generator())
    graph = trace_module(call, name=case.op)
    return list(graph.ops(graph.stages[0]))


def case_kernels(case: KernelCase, execution: Execution | None = None) -> list[Kernel]:
    """Kernels of a case, in order; none for an operator that has no formula."""
    execution = execution or Execution()
    try:
        return [kernel for op in case_operators(case) for kernel in kernels_of(op, execution)]
    except UnsupportedOpError:
        return []


def measured_cases(
    accelerator: Accelerator,
    device: str,
    cases: Sequence[KernelCase],
    latencies: Sequence[float],
    *,
    cold: Sequence[bool],
    source: str,
    execution: Execution | None = None,
) -> MeasuredKernels:
    """Measured cases in the form that calibrations are fitted to; a case without kernels is counted as skipped.

    Parameters
    ----------
    accelerator : Accelerator
        Part that they were measured on.
    device : str
        Its marketing name.
    cases, latencies : sequence
        [s]
    cold : sequence of bool
        Whether the inputs of each came from memory; those of the others are taken to be in the cache if they fit.
    source : str
        Who measured.
    execution : Execution, optional
        Eager by default.
    """
    lowered = [case_kernels(case, execution) for case in cases]
    kept = [index for index, kernels in enumerate(lowered) if kernels]
    skipped = Counter(f"operator {cases[i].op} has no formula" for i, kernels in enumerate(lowered) if not kernels)
    kernels = [_with_inputs(kernel, cold=cold[index]) for index in kept for kernel in lowered[index]]
    table = KernelTables.from_kernels(kernels)
    return MeasuredKernels(
        accelerator=accelerator,
        device=device,
        op=tuple(cases[i].op for i in kept),
        dtype=tuple(cases[i].dtype for i in kept),
        source=(source,) * len(kept),
        shapes=tuple(cases[i].columns()["input_shapes"] for i in kept),
        attributes=tuple(cases[i].columns()["attributes"] for i in kept),
        latency=np.array([latencies[i] for i in kept], dtype=np.float64),
        kernels=assign_units(table, accelerator),
        row=np.repeat(np.arange(len(kept)), [len(lowered[i]) for i in kept]),
        skipped=skipped,
    )


def _with_inputs(kernel: Kernel, *, cold: bool) -> Kernel:
    """Kernel that finds none, or all, of what it reads in the cache, as a benchmark makes it."""
    return replace(kernel, resident_bytes=0.0 if cold else kernel.bytes_read)
