"""Generated kernels: traffic from operands and loops."""

from __future__ import annotations

import pytest

from simulator.work import work_of
from simulator.work.generated import loop_extents
from tracer.graph import Op, TensorSpec

_BIG = TensorSpec((64, 1024), "bfloat16")


def test_every_operand_is_touched_once() -> None:
    op = Op("triton::pointwise", (_BIG, TensorSpec((1024,), "float32")), (_BIG,), (("xnumel", 64 * 1024),))
    work = work_of(op)
    assert work.bytes_read == 64 * 1024 * 2 + 1024 * 4
    assert work.bytes_written == 64 * 1024 * 2


def test_a_slice_is_read_as_far_as_the_loop_runs() -> None:
    half = TensorSpec((32, 1024), "bfloat16")
    work = work_of(Op("triton::pointwise", (_BIG,), (half,), (("xnumel", 32 * 1024),)))
    assert work.bytes_read == work.bytes_written == 32 * 1024 * 2


@pytest.mark.parametrize(
    ("attributes", "extents"),
    [((("rnumel", 1024), ("xnumel", 64)), (64.0, 1024.0)), ((), (64.0, 1024.0)), ((("xnumel", 640),), (640.0, 1.0))],
)
def test_extents_of_reductions(attributes: tuple[tuple[str, int], ...], extents: tuple[float, float]) -> None:
    assert loop_extents(Op("triton::reduction", (_BIG,), (TensorSpec((64,), "float32"),), attributes)) == extents
