"""A run of a few operators, without their shapes, and its graph."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator.projection.traced import graph_of_trace
from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.graph import OpGraph
from tracer.trace import RunFacts, Trace

_KERNEL = (
    "void at::native::vectorized_elementwise_kernel<4, at::native::CUDAFunctor_add<float>, std::array<char*, 3ul> >"
)
_IMAGE = [8, 64, 56, 56]
_SHAPES = {
    "aten::conv2d": [_IMAGE, [64, 64, 3, 3], [], [], [], [], []],
    "aten::cudnn_convolution": [_IMAGE, [64, 64, 3, 3], [], [], [], [], []],
    "aten::relu_": [_IMAGE],
    "aten::add_": [_IMAGE, _IMAGE],
}
_VALUES = {
    name: ["", "", "", "[1, 1]", "[1, 1]", "[1, 1]", "1"] for name in ("aten::conv2d", "aten::cudnn_convolution")
}


def _run(*operators: tuple[str, str], runs: int = 1, shaped: bool = False, blocks: int = 3136) -> Trace:
    """Operators as ``(name, what it calls and what launches a kernel)``, one after another."""
    builder, now = TraceBuilder(), 0
    for outer, inner in operators * runs:
        now += 1000
        for name, start, duration in ((outer, now, 100), (inner, now + 10, 50)):
            shapes = _SHAPES.get(name, []) if shaped else []
            types = ["float" if shape else "" for shape in shapes]
            arguments = RecordedArguments(shapes=shapes, types=types, values=_VALUES.get(name, []))
            builder.add_call(name, arguments, start=start, duration=duration)
        builder.add_host_call("cudaLaunchKernel", start=now + 20, duration=5, correlation=now)
        builder.add_kernel(_KERNEL, start=now + 200, duration=100, correlation=now, grid=(blocks, 1, 1, 128, 1, 1))
    return builder.build("run", RunFacts(device="NVIDIA H100 80GB HBM3"))


@pytest.fixture
def run() -> Callable[..., Trace]:
    """Makes runs."""
    return _run


@pytest.fixture(scope="module")
def graph() -> OpGraph:
    """The same with shapes, run once."""
    return graph_of_trace(_run(("aten::conv2d", "x"), ("aten::relu_", "x"), ("aten::add_", "x"), shaped=True))
