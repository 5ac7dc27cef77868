"""Generated kernels are one kernel each."""

from __future__ import annotations

import pytest

from simulator.execution import Execution
from simulator.kernels import AccessPattern, RowKind, StreamKind
from simulator.lowering import category_of, kernels_of
from tracer.graph import Op, TensorSpec


@pytest.mark.parametrize(
    ("name", "kind", "category"),
    [
        ("pointwise", StreamKind.ELEMENTWISE, "elementwise"),
        ("reduction", RowKind.NORMALIZATION, "normalization"),
        ("persistent_reduction", StreamKind.REDUCTION, "normalization"),
    ],
)
def test_kinds(name: str, kind: StreamKind | RowKind, category: str) -> None:
    data = TensorSpec((64, 1024), "bfloat16")
    op = Op(f"triton::{name}", (data,), (data,), (("rnumel", 1024), ("xnumel", 64)))
    (kernel,) = kernels_of(op, Execution())
    assert kernel.kind is kind
    assert kernel.walked == 64 * 1024
    assert kernel.bytes_read == kernel.bytes_written == data.nbytes
    if isinstance(kind, StreamKind):
        assert (kernel.elements, kernel.reduced_length) == (64, 1024)
        assert (kernel.pattern, kernel.generated) == (AccessPattern.CONTIGUOUS, True)
    assert category_of(op, "") == category
