"""Kernels that nothing but their names tell of."""

from __future__ import annotations

import numpy as np
import pytest

from hw_specs import CalibrationPool, load_accelerator
from simulator.projection.named import BY_NAME, BY_OPERATOR, BY_TIME, NamedTrace, with_named_kernels
from simulator.projection.operator_times import operator_times
from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.trace import RunFacts

_H100 = load_accelerator("h100_sxm5_80gb")
_POOL = CalibrationPool.shipped()
_GEMM = "ampere_bf16_s16816gemm_bf16_128x64_ldg8_f2f_stages_64x3_tn"
_ADD = "void at::native::vectorized_elementwise_kernel<4, at::native::CUDAFunctor_add<float>, std::array<char*, 3ul> >"
_GRID = (32, 64, 1, 128, 1, 1)


def _named(*kernels: tuple[str, int], launched: int = 0) -> NamedTrace:
    """Kernels of no operator by name and duration in ns, after one that `aten::mm` launched if its time is given."""
    builder = TraceBuilder()
    if launched:
        arguments = RecordedArguments(shapes=[[4096, 4096], [4096, 4096]], types=["c10::BFloat16"] * 2)
        builder.add_call("aten::mm", arguments, start=0, duration=50)
        builder.add_host_call("cudaLaunchKernel", start=10, duration=5, correlation=1)
        builder.add_kernel(_GEMM, start=100, duration=launched, correlation=1, grid=_GRID)
    for number, (name, duration) in enumerate(kernels, start=1):
        builder.add_kernel(name, start=10**6 * number, duration=duration, grid=_GRID)
    return with_named_kernels(builder.build("run", RunFacts()), _H100, calibrations=_POOL)


def test_a_size_that_name_and_grid_tell_is_not_from_the_time() -> None:
    short, long = _named((_ADD, 1000)), _named((_ADD, 900_000))
    assert short.sizes == long.sizes == (BY_NAME,)
    assert short.trace.operators == long.trace.operators
    assert short.trace.operators[0].outputs[0].numel == 2048 * 512


@pytest.mark.parametrize("duration", [20_000, 400_000])
def test_an_open_size_takes_the_measured_time(duration: int) -> None:
    named = _named((_GEMM, duration))
    assert named.sizes == (BY_TIME,)
    assert named.kernels == (_GEMM,)
    (time,) = operator_times(named.trace.operators, _H100, calibrations=_POOL).time
    assert time == pytest.approx(duration * 1e-9, rel=0.1)


def test_a_kernel_that_an_operator_also_launched_has_its_sizes() -> None:
    named = _named((_GEMM, 200_000), launched=210_000)
    assert named.sizes == (BY_OPERATOR, BY_NAME)
    assert named.trace.operators[1] == named.trace.operators[0]
    # One of another time may have another reduced length.
    assert _named((_GEMM, 20_000), launched=210_000).sizes == (BY_OPERATOR, BY_TIME)


def test_unknown_names_stay_without_an_operator() -> None:
    named = _named(("my_kernel", 1000))
    assert named.sizes == ()
    assert np.array_equal(named.trace.kernels.call, [-1])


def test_no_time_is_lost() -> None:
    named = _named((_GEMM, 20_000), (_ADD, 3000), ("my_kernel", 1000), (_ADD, 3100))
    assert named.trace.device_time == pytest.approx(27.1e-6)
    assert len(named.trace.calls) == 3
    assert named.rest_on(BY_TIME).tolist() == [False, True] or named.rest_on(BY_TIME).tolist() == [True, False]
