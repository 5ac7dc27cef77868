"""Fixtures of the tracer's tests."""

from __future__ import annotations

import numpy as np
import pytest

from tracer.event_columns import CallColumns, HostColumns, KernelColumns
from tracer.graph import Op, TensorSpec
from tracer.trace import RunFacts, Trace


def _ints(*values: int) -> np.ndarray:
    """Column of whole numbers."""
    return np.array(values, dtype=np.int64)


@pytest.fixture
def product_trace() -> Trace:
    """``aten::linear`` that calls ``aten::addmm``, which launches one kernel; a second kernel belongs to nobody."""
    half = [TensorSpec(shape, "float16") for shape in ((8,), (4, 16), (16, 8))]
    operators = (
        Op("aten::linear", (half[1], TensorSpec((8, 16), "float16"), half[0]), (TensorSpec((4, 8), "float16"),)),
        Op("aten::addmm", tuple(half), (TensorSpec((4, 8), "float16"),), (("alpha", 1), ("beta", 1))),
    )
    calls = CallColumns(
        operator=_ints(0, 1),
        module=_ints(0, 0),
        stage=_ints(0, -1),
        parent=_ints(-1, 0),
        thread=_ints(1, 1),
        start=np.array([0.0, 2000.0]) / 1e9,
        duration=np.array([20000.0, 15000.0]) / 1e9,
        repeats=_ints(1, 1),
    )
    kernels = KernelColumns(
        name=_ints(0, 1),
        kind=_ints(0, 1),
        call=_ints(1, -1),
        launch=_ints(0, -1),
        correlation=_ints(7, -1),
        device=_ints(0, 0),
        stream=_ints(7, 7),
        start=np.array([18001.0, 30000.0]) / 1e9,
        duration=np.array([3001.0, 500.0]) / 1e9,
        repeats=_ints(1, 1),
        grid=_ints(0, -1),
    )
    host = HostColumns(
        name=_ints(0),
        call=_ints(1),
        thread=_ints(1),
        correlation=_ints(7),
        start=np.array([9000.0]) / 1e9,
        duration=np.array([4000.0]) / 1e9,
    )
    return Trace(
        name="product",
        facts=RunFacts(format="kineto", device="NVIDIA H100", settings=(("clock", 1.98e9), ("driver", "570.1"))),
        operators=operators,
        modules=("net.fc",),
        stages=("main",),
        kernel_names=("sm90_gemm", "Memcpy DtoH (Device -> Pageable)"),
        host_names=("cudaLaunchKernel",),
        calls=calls,
        kernels=kernels,
        host=host,
        skipped={"no duration": 2},
        skipped_time={"no duration": 0.0},
        grids=((132, 1, 1, 384, 1, 1),),
    )
