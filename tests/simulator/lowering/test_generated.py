"""Generated kernels are one kernel each."""

from __future__ import annotations

import pytest

from simulator.execution import Execution
from simulator.kernels import AccessPattern, Implementation, KernelFamily
from simulator.lowering import category_of, kernels_of
from tracer.graph import Op, TensorSpec


@pytest.mark.parametrize(
    ("kind", "family", "category"),
    [
        ("pointwise", KernelFamily.ELEMENTWISE, "elementwise"),
        ("reduction", KernelFamily.NORMALIZATION, "normalization"),
        ("persistent_reduction", KernelFamily.REDUCTION, "normalization"),
    ],
)
def test_kinds(kind: str, family: KernelFamily, category: str) -> None:
    data = TensorSpec((64, 1024), "bfloat16")
    op = Op(f"triton::{kind}", (data,), (data,), (("rnumel", 1024), ("xnumel", 64)))
    (kernel,) = kernels_of(op, Execution())
    assert (kernel.family, kernel.implementation) == (family, Implementation.FUSED_CHAIN)
    assert (kernel.m, kernel.n) == (64, 1024)
    assert kernel.bytes_read == kernel.bytes_written == data.nbytes
    assert kernel.pattern == AccessPattern.CONTIGUOUS
    assert category_of(op, "") == category
