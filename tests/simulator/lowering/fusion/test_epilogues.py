"""What follows a contraction element by element is computed in it, by hand."""

from __future__ import annotations

import pytest

from hw_specs import CalibrationPool, load_accelerator
from simulator.cost.accelerator_columns import hardware_columns
from simulator.execution import Execution
from simulator.kernels import NARROW_SUMS
from simulator.lowering import Launches, assign_units, lower
from tracer.graph import Op, TensorSpec

_FUSED = Execution(mode="fused")


def _t(storage: int, *shape: int) -> TensorSpec:
    return TensorSpec(shape or (8, 8), "float16", (), storage)


def _op(name: str, inputs: list[TensorSpec], *outputs: TensorSpec, **attributes: object) -> Op:
    return Op(f"aten::{name}", tuple(inputs), outputs, tuple(sorted(attributes.items())))


def _rows(launches: Launches) -> list[tuple[str, float, float]]:
    table, (stage,) = launches.kernels, launches.stages
    read, written = (table.numbers(lambda t, n=n: getattr(t, n)) for n in ("bytes_read", "bytes_written"))
    return [(table.name[r], float(read[r]), float(written[r])) for r in stage.rows[0]]


@pytest.fixture
def fused(make_graph):
    return lambda *calls: _rows(lower(make_graph(calls), _FUSED))


_PRODUCT = _op("mm", [_t(0), _t(1)], _t(2))


def test_a_residual_is_read_by_the_product_that_it_is_added_to(fused):
    # Both operands and the residual are 128 bytes each, the sum too.
    assert fused(_PRODUCT, _op("add", [_t(2), _t(3)], _t(4))) == [("gemm", 3 * 128, 128)]
    assert fused(_PRODUCT, _op("silu", [_t(2)], _t(3)), _op("mul", [_t(3), _t(4)], _t(5))) == [("gemm", 3 * 128, 128)]


def test_a_gated_unit_stores_half(fused):
    gated = [_op("gelu", [_t(2, 8, 4)], _t(3, 8, 4)), _op("mul", [_t(3, 8, 4), _t(2, 8, 4)], _t(4, 8, 4))]
    assert fused(_PRODUCT, *gated) == [("gemm", 2 * 128, 64)]


def test_a_result_that_others_read_too_is_stored(fused):
    again = _op("mm", [_t(2), _t(1)], _t(5))
    assert [name for name, *_ in fused(_PRODUCT, _op("silu", [_t(2)], _t(3)), again)] == ["gemm", "silu", "gemm"]


def test_what_is_not_there_yet_keeps_a_kernel_of_its_own(fused):
    """The residual is written after the first product, so that the last product takes the sum."""
    later = _op("mm", [_t(0), _t(3)], _t(4))
    assert fused(_PRODUCT, later, _op("add", [_t(2), _t(4)], _t(5))) == [("gemm", 256, 128), ("gemm", 384, 128)]


def test_norms_are_no_epilogue(fused):
    rows = fused(_PRODUCT, _op("native_layer_norm", [_t(2)], _t(3), normalized_shape=(8,)))
    assert [name for name, *_ in rows] == ["gemm", "layer_norm"]


def test_a_compiler_of_the_framework_has_none(make_graph):
    launches = lower(make_graph([_PRODUCT, _op("silu", [_t(2)], _t(3))]), Execution(mode="compiled-graph"))
    assert [name for name, *_ in _rows(launches)] == ["gemm", "silu"]


@pytest.mark.parametrize(("part", "times"), [("rtx-3090", 2.0), ("a100", 1.0), ("titan-rtx", 1.0)])
def test_sums_in_half_precision_run_at_full_rate(make_graph, part, times):
    """GA102 whitepaper: 71.2 TFLOP/s with fp32 accumulation, 142.3 with fp16; the other parts have one rate."""
    accelerator = load_accelerator(part)
    tables = assign_units(lower(make_graph([_PRODUCT]), _FUSED).kernels, accelerator)
    assert set(tables.number_format) == {NARROW_SUMS}
    wide, narrow = hardware_columns([accelerator], CalibrationPool(())).rates("matrix", ("fp16", NARROW_SUMS))[:, 0]
    assert narrow / wide == pytest.approx(times, rel=0.01)
