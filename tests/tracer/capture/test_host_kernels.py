"""Operators of a CPU as kernels."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from tracer.capture.host_kernels import with_host_kernels, works_itself
from tracer.event_columns import CallColumns, HostColumns, KernelColumns
from tracer.graph import Op
from tracer.trace import KernelKind, RunFacts, Trace


@pytest.mark.parametrize(
    "name",
    [
        "addmm",
        "mm",
        "bmm",
        "mkldnn_convolution",
        "native_group_norm",
        "copy_",
        "clone",
        "silu",
        "silu_",
        "cat",
        "_softmax",
        "fill_",
        "_scaled_dot_product_flash_attention_for_cpu",
        "upsample_nearest2d",
        "constant_pad_nd",
        "embedding",
    ],
)
def test_operators_that_touch_data(name: str) -> None:
    assert works_itself(f"aten::{name}")


@pytest.mark.parametrize(
    "name",
    [
        "linear",
        "conv2d",
        "matmul",
        "group_norm",
        "layer_norm",
        "scaled_dot_product_attention",
        "softmax",
        "view",
        "expand",
        "transpose",
        "reshape",
        "slice",
        "chunk",
        "to",
        "contiguous",
        "empty",
        "empty_like",
        "as_strided",
    ],
)
def test_operators_that_only_describe_allocate_or_call_others(name: str) -> None:
    assert not works_itself(f"aten::{name}")


def test_an_unknown_operator_is_taken_to_work() -> None:
    assert works_itself("mylibrary::op")
    assert works_itself("aten::no_such_operator")


def test_the_outermost_operator_that_works_is_the_kernel() -> None:
    """linear (10) holds t (1) and addmm (8), which holds copy_ (2)."""
    names = ("aten::linear", "aten::t", "aten::addmm", "aten::copy_")
    count = len(names)

    def empty(dtype: type = np.int64) -> np.ndarray:
        return np.zeros(0, dtype=dtype)

    trace = Trace(
        name="t",
        facts=RunFacts(),
        operators=tuple(Op(n, (), ()) for n in names),
        modules=(),
        stages=(),
        kernel_names=(),
        host_names=(),
        calls=CallColumns(
            operator=np.arange(count),
            module=np.full(count, -1),
            stage=np.full(count, -1),
            parent=np.array([-1, 0, 0, 2]),
            thread=np.array([5, 5, 5, 5]),
            start=np.array([0.0, 0.5, 1.5, 2.0]),
            duration=np.array([10.0, 1.0, 8.0, 2.0]),
            repeats=np.ones(count, dtype=np.int64),
        ),
        kernels=KernelColumns(
            **{
                n: empty()
                for n in ["name", "kind", "call", "launch", "correlation", "device", "stream", "repeats", "grid"]
            },
            **{n: empty(np.float64) for n in ("start", "duration")},
        ),
        host=HostColumns(
            **{n: empty() for n in ["name", "call", "thread", "correlation"]},
            **{n: empty(np.float64) for n in ("start", "duration")},
        ),
    )
    made = with_host_kernels(trace)
    events = [(e.name, e.duration, e.kind, e.stream) for e in made.kernel_events()]
    assert events == [("aten::addmm", 8.0, KernelKind.HOST, 0)]
    assert made.calls is trace.calls
