"""Columns of a trace, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tracer.trace import KernelKind, Trace, TraceFormatError


def test_rows_carry_names(product_trace: Trace) -> None:
    gemm, copy = product_trace.kernel_events()
    assert gemm.name == "sm90_gemm"
    assert gemm.operator is not None
    assert gemm.operator.name == "aten::addmm"
    assert gemm.module == "net.fc"
    assert gemm.stage == ""
    assert copy.operator is None
    assert copy.kind is KernelKind.MEMCPY
    (launch,) = product_trace.host_calls()
    assert launch.name == "cudaLaunchKernel"
    assert launch.correlation == gemm.correlation == 7


def test_device_time_counts_repeats(product_trace: Trace) -> None:
    many = replace(product_trace, kernels=replace(product_trace.kernels, repeats=np.array([3, 1])))
    assert product_trace.device_time == pytest.approx(3501e-9)
    assert many.device_time == pytest.approx((3 * 3001 + 500) * 1e-9)


def test_a_table_of_totals_has_no_timeline(product_trace: Trace) -> None:
    totals = replace(product_trace, kernels=replace(product_trace.kernels, start=np.array([np.nan, np.nan])))
    assert product_trace.has_timeline
    assert not totals.has_timeline


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("duration", [-1.0, 0.0], "negative"),
        ("duration", [np.inf, 0.0], "not finite"),
        ("duration", [1.0], "differ in length"),
        ("call", [5, 0], "kernels.call points outside"),
        ("repeats", [0, 1], "less than one"),
        ("repeats", [2**62, 1], "stands for 4611686018427387904 events; at most 1000000000 are believed"),
        ("duration", [1e300, 0.0], r"take more than 1e\+10 s"),
        ("start", [np.inf, 0.0], "infinite"),
    ],
)
def test_contradictions_are_refused(product_trace: Trace, column: str, values: list[float], message: str) -> None:
    with pytest.raises(TraceFormatError, match=message):
        replace(product_trace, kernels=replace(product_trace.kernels, **{column: np.array(values)}))


def test_a_parent_comes_first(product_trace: Trace) -> None:
    with pytest.raises(TraceFormatError, match="later call"):
        replace(product_trace, calls=replace(product_trace.calls, parent=np.array([1, -1])))
