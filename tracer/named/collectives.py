"""Reductions over ranks that engines write themselves, whose number of ranks is a template argument; bytes are open.

``cross_device_reduce_1stage<T, ranks>`` of vLLM and SGLang (csrc/custom_all_reduce.cuh),
``allreduce_fusion_kernel_oneshot_lamport<pattern, T, ranks, ...>`` of TensorRT-LLM and FlashInfer
(include/flashinfer/comm/trtllm_allreduce_fusion.cuh). Kernels of NCCL and RCCL do not tell how many ranks there are.
"""

from __future__ import annotations

import re
from functools import partial

from tracer.graph import Op, TensorSpec, attributes_from

from .formats import element_dtype
from .kernel import Grid, NamedKernel

__all__ = ["collective"]

_REDUCTION = re.compile(
    r"(?:cross_device_reduce_\w+<[^<>,]*|allreduce_fusion_kernel\w*<[^<>]*?(?:bfloat16|half|float)\w*), (?P<ranks>\d+)"
)
_MOST = 1 << 32


def collective(name: str, grid: Grid) -> NamedKernel | None:
    """Reduction over ranks of an open number of elements; None where the name does not tell the ranks."""
    found = _REDUCTION.search(name)
    if not found or int(found["ranks"]) < 2:
        return None
    return NamedKernel(build=partial(_reduced, int(found["ranks"]), element_dtype(name)), most=_MOST)


def _reduced(ranks: int, dtype: str, elements: int) -> Op:
    data = TensorSpec((elements,), dtype)
    return Op("message::all_reduce", (data,), (data,), attributes_from({"group_size": ranks}))
