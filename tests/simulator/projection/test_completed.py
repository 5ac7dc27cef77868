"""Operators completed by their kernels."""

from __future__ import annotations

from simulator.projection.completed import completed_operators, with_operators
from simulator.projection.operator_times import can_predict
from tracer.events.attribution import attribute
from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.trace import RunFacts, Trace

_FIRST = "bmm_MxE4m3_MxE2m1MxE4m3_Fp32_t128x16x256u2_transOut_swiGlu_dynBatch"
_SECOND = "bmm_Bfloat16_MxE2m1MxE4m3_Fp32_t128x16x256u2_transOut_dynBatch"


def _trace() -> Trace:
    builder = TraceBuilder()
    arguments = RecordedArguments(shapes=[[888, 3072], [888, 128], []], types=["c10::BFloat16", "c10::BFloat16", ""])
    builder.add_call("vllm::moe_forward", arguments, start=0, duration=100)
    for number, (name, blocks) in enumerate([(_FIRST, 8), (_SECOND, 24)], start=1):
        builder.add_host_call("cuLaunchKernelEx", start=10 * number, duration=5, correlation=number)
        grid = (blocks, 342, 1, 576, 1, 1)
        builder.add_kernel(name, start=1000 * number, duration=500, correlation=number, grid=grid)
    return builder.build("run", RunFacts(device="NVIDIA B200"))


def test_experts_without_weights_get_them() -> None:
    trace = _trace()
    found = completed_operators(attribute(trace, can_predict))
    assert [op.name for op in found.values()] == ["serving::fused_experts"]
    completed = with_operators(trace, found)
    assert attribute(completed, can_predict).modelled.all()
    assert not attribute(trace, can_predict).modelled.any()
