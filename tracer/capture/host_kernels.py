"""On a CPU the operators are the kernels: each lasts as long as its call.

Operators that only describe data (views), allocate it, or are made of other operators alone do no work themselves;
their time stays what it is on any device, time of the host. Of operators that work and call others that do, the
outermost counts: it is the one that the framework dispatches, and that a graph of the workload has.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from tracer.event_columns import KernelColumns
from tracer.graph import IndexArray
from tracer.operators import Kind, kind_of
from tracer.trace import KernelKind, Trace

__all__ = ["with_host_kernels", "works_itself"]


def with_host_kernels(trace: Trace) -> Trace:
    """Trace of a run on a CPU with a kernel for every outermost call that does work itself.

    The profiler's own time within an operator (about a microsecond for each operator that it calls) is counted in.
    """
    calls = trace.calls
    working = np.array([works_itself(op.name) for op in trace.operators], dtype=np.bool_)[calls.operator]
    rows = np.flatnonzero(working & ~_inside(working, calls.parent))
    names = tuple(dict.fromkeys(op.name for op in trace.operators))
    number = {name: i for i, name in enumerate(names)}
    name_of = np.array([number[op.name] for op in trace.operators], dtype=np.int64)
    unknown = np.full(len(rows), -1, dtype=np.int64)
    kernels = KernelColumns(
        name=name_of[calls.operator[rows]],
        kind=np.full(len(rows), int(KernelKind.HOST), dtype=np.int64),
        call=rows,
        launch=unknown,
        correlation=unknown,
        device=np.zeros(len(rows), dtype=np.int64),
        stream=_numbered(calls.thread[rows]),
        start=calls.start[rows],
        duration=calls.duration[rows],
        repeats=calls.repeats[rows],
        grid=unknown,
    )
    return replace(trace, kernel_names=names, kernels=kernels)


def works_itself(operator: str) -> bool:
    """Whether an operator touches data itself. One that torch does not know is taken to."""
    if kind_of(operator) is Kind.ALLOCATION:
        return False
    namespace, _, name = operator.partition("::")
    try:
        packet = getattr(getattr(torch.ops, namespace), name)
    except AttributeError:
        return True
    overloads = [overload for o in packet.overloads() if _is_called(overload := getattr(packet, o))]
    return not overloads or not all(_is_view(overload) or _is_composite(overload) for overload in overloads)


def _is_called(overload: torch._ops.OpOverload) -> bool:
    """Whether models call it: not a variant that writes to a given output, nor one of TorchScript alone."""
    written = any(argument.is_out for argument in overload._schema.arguments)
    return not written and torch._C._dispatch_has_kernel(overload.name())


def _is_view(overload: torch._ops.OpOverload) -> bool:
    """Whether the result shares the memory of an argument that is not written."""
    aliases = [result.alias_info for result in overload._schema.returns]
    return bool(aliases) and all(alias is not None and not alias.is_write for alias in aliases)


def _is_composite(overload: torch._ops.OpOverload) -> bool:
    return torch._C._dispatch_has_kernel_for_dispatch_key(overload.name(), "CompositeImplicitAutograd")


def _inside(working: NDArray[np.bool_], parent: IndexArray) -> NDArray[np.bool_]:
    """Whether each call is made, directly or not, by one that works itself; a parent comes before its calls."""
    inside = np.zeros(len(parent), dtype=np.bool_)
    for call, above in enumerate(parent.tolist()):
        if above >= 0:
            inside[call] = inside[above] or working[above]
    return inside


def _numbered(threads: IndexArray) -> IndexArray:
    """Threads as 0, 1, ... in ascending order."""
    return np.unique(threads, return_inverse=True)[1].astype(np.int64)
