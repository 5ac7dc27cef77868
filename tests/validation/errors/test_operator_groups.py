"""Calls grouped by operator."""

from __future__ import annotations

from tracer.events.attribution import attribute
from tracer.trace import Trace
from validation.errors.operator_groups import operator_groups


def test_groups_keep_the_longest_kernels_name(measured_trace: Trace) -> None:
    groups = operator_groups(attribute(measured_trace, lambda op: True))
    assert {group.kernel for group in groups} == {"gemm", "add", "thing"}
    assert sum(group.calls for group in groups) == 4
