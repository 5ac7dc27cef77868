"""Reductions over ranks by name."""

from __future__ import annotations

import pytest

from tracer.named.collectives import collective

_GRID = (36, 1, 1, 512, 1, 1)


@pytest.mark.parametrize(
    "name",
    [
        "void vllm::cross_device_reduce_1stage<__nv_bfloat16, 8>(vllm::RankData*, vllm::RankSignals)",
        "void trtllm_allreduce_fusion::allreduce_fusion_kernel_oneshot_lamport<(AllReduceFusionPattern)1, "
        "__nv_bfloat16, 8, true>",
    ],
)
def test_ranks_are_template_arguments(name: str) -> None:
    found = collective(name, _GRID)
    assert found is not None
    assert found.size is None
    op = found.build(4096)
    assert (op.name, op.attribute("group_size"), op.inputs[0].nbytes) == ("message::all_reduce", 8, 8192)


def test_a_library_that_does_not_tell_its_ranks_is_left() -> None:
    assert collective("ncclDevKernel_AllReduce_Sum_bf16_RING_LL(ncclDevKernelArgsStorage<4096ul>)", _GRID) is None
