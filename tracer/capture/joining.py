"""Several traces as one: a pipeline is profiled stage by stage."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

import numpy as np

from tracer.graph import IndexArray
from tracer.trace import CallColumns, HostColumns, KernelColumns, RunFacts, Trace

__all__ = ["join_traces"]

_T = TypeVar("_T", bound=Hashable)


def join_traces(name: str, facts: RunFacts, traces: Sequence[Trace]) -> Trace:
    """Events of all traces, each trace starting where the one before it ended.

    Calls, launches and correlations keep apart: those of a later trace are numbered after those of the earlier ones.
    """
    joined = _Joined()
    for trace in traces:
        joined.add(trace)
    return Trace(
        name=name,
        facts=facts,
        operators=tuple(joined.operators),
        modules=tuple(joined.modules),
        stages=tuple(joined.stages),
        kernel_names=tuple(joined.kernel_names),
        host_names=tuple(joined.host_names),
        calls=CallColumns(**_concatenated(joined.calls)),
        kernels=KernelColumns(**_concatenated(joined.kernels)),
        host=HostColumns(**_concatenated(joined.host)),
        skipped=joined.skipped,
        skipped_time=joined.skipped_time,
    )
