"""Generated kernels: a kind for each kind of loop."""

from __future__ import annotations

from tracer.operators import Kind, kind_of


def test_kinds_of_loops() -> None:
    assert kind_of("triton::pointwise") is Kind.GENERATED_POINTWISE
    assert kind_of("triton::reduction") is Kind.GENERATED_REDUCTION
    assert kind_of("triton::persistent_reduction") is Kind.GENERATED_PERSISTENT_REDUCTION
