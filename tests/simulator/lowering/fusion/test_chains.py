"""Fused chains by hand: what is read and written once a chain is one kernel."""

from __future__ import annotations

import pytest

from simulator.execution import Execution
from simulator.lowering import Launches, as_generated, kernels_of, lower
from simulator.lowering.fusion.chains import FUSIBLE
from tracer.graph import Op, StorageRole, TensorSpec
from tracer.operators import ATTENTIONS, COLLECTIVES, CONVOLUTIONS, FREE, GENERATED, PRODUCTS, Kind

_COMPILED = Execution(mode="compiled")
_N = 64  # elements of a tensor; float16, so 128 bytes


def _t(storage: int, *shape: int, dtype: str = "float16") -> TensorSpec:
    return TensorSpec(shape or (_N,), dtype, (), storage)


def _op(name: str, inputs: list[TensorSpec], *outputs: TensorSpec, **attributes: object) -> Op:
    return Op(f"aten::{name}", tuple(inputs), outputs, tuple(sorted(attributes.items())))


@pytest.fixture
def fused(make_graph):
    """Function: launches of calls when compiled, as (name, bytes read, bytes written)."""

    def run(*calls: Op, **settings: object) -> list[tuple[str, float, float]]:
        launches = lower(make_graph(calls, **settings), _COMPILED)
        return [(k[0], k[1], k[2]) for k in _rows(launches)]

    return run


def _rows(launches: Launches) -> list[tuple[str, float, float]]:
    table, (stage,) = launches.kernels, launches.stages
    read, written = (table.numbers(lambda t, n=n: getattr(t, n)) for n in ("bytes_read", "bytes_written"))
    return [(table.name[r], float(read[r]), float(written[r])) for r in stage.rows[0]]


def test_an_intermediate_is_never_stored(fused):
    # silu(x) * y: reads x and y, writes the product.
    assert fused(_op("silu", [_t(0)], _t(1)), _op("mul", [_t(1), _t(2)], _t(3))) == [("fused_pointwise", 256, 128)]


def test_a_chain_of_one_stays_what_it_is(fused):
    assert fused(_op("silu", [_t(0)], _t(1))) == [("silu", 128, 128)]


def test_all_memory_bound_kernels_are_generated(make_graph):
    calls = [_op("silu", [_t(0, 8, 8)], _t(1, 8, 8)), _op("native_layer_norm", [_t(2, 4, 4)], _t(3, 4, 4))]
    (table, _), (rows, _) = lower(make_graph(calls), _COMPILED).kernels
    assert table.generated.all()
    assert rows.generated.all()


def test_one_operator_by_itself_is_generated_too():
    product, norm = (
        kernels_of(op, _COMPILED)
        for op in (_op("mm", [_t(0, 8, 8)] * 2, _t(1, 8, 8)), _op("layer_norm", [_t(0, 8, 8)], _t(1, 8, 8)))
    )
    assert as_generated(product) == tuple(product)
    assert as_generated(norm)[0].generated
    assert not norm[0].generated


def test_an_intermediate_that_is_read_later_is_stored_too(fused):
    product = _op("mm", [_t(1, 8, 8), _t(4, 8, 8)], _t(5, 8, 8))
    found = fused(_op("silu", [_t(0, 8, 8)], _t(1, 8, 8)), _op("mul", [_t(1, 8, 8), _t(2, 8, 8)], _t(3, 8, 8)), product)
    assert found == [("fused_pointwise", 256, 256), ("gemm", 256, 128)]


def test_products_and_gathers_end_a_chain(fused):
    x, y, z, out = (_t(i, 8, 8) for i in range(4))
    found = fused(_op("silu", [x], y), _op("mm", [y, y], z), _op("silu", [z], out))
    assert [name for name, *_ in found] == ["silu", "gemm", "silu"]
    index = _t(4, 4, dtype="int64")
    picked = _op("index_select", [y, index], _t(2, 4, 8), dim=0)
    found = fused(_op("silu", [x], y), picked, _op("silu", [_t(2, 4, 8)], _t(3, 4, 8)))
    assert [name for name, *_ in found] == ["silu", "index_select", "silu"]


def test_what_is_computed_for_a_concatenation_is_written_into_its_slice(fused):
    # silu(x) and y side by side: reads both, writes the whole; the silu by itself is nowhere.
    x, y, z, both = _t(0, 8, 8), _t(1, 8, 8), _t(2, 8, 8), _t(3, 16, 8)
    found = fused(_op("silu", [x], y), _op("cat", [y, z], both))
    assert found == [("fused_pointwise", 256, 256)]


def test_a_result_that_a_product_does_not_read_waits_for_its_reader(fused):
    # The product stands between, but the silu is computed where the sum reads it.
    x, y, a, b, c, out = (_t(i, 8, 8) for i in range(6))
    found = fused(_op("silu", [x], y), _op("mm", [a, b], c), _op("add", [y, c], out))
    assert found == [("fused_pointwise", 256, 128), ("gemm", 256, 128)]


def test_a_call_that_reads_two_chains_joins_the_later_one(fused):
    x, y, a, b, out = _t(0, 8, 8), _t(1, 8, 8), _t(2, 4, 8), _t(3, 4, 8), _t(4, 12, 8)
    found = fused(_op("silu", [x], y), _op("gelu", [a], b), _op("cat", [y, b], out))
    # The first is stored and read again; 64 and 32 elements of 2 bytes, 96 in the result.
    assert found == [("silu", 128, 128), ("fused_pointwise", 64 + 128, 192)]


def test_both_halves_of_a_gated_unit_are_read(fused):
    # One storage of 256 bytes; its halves are views of 128 bytes each.
    half = _t(0)
    found = fused(_op("silu", [half], _t(1)), _op("mul", [_t(1), half], _t(2)), sizes={0: 256})
    assert found == [("fused_pointwise", 256, 128)]
    # In one call as well.
    found = fused(_op("mul", [half, half], _t(1)), _op("silu", [_t(1)], _t(2)), sizes={0: 256})
    assert found == [("fused_pointwise", 256, 128)]


def test_a_tensor_that_two_calls_read_is_read_once(fused):
    # x + silu(x)
    found = fused(_op("silu", [_t(0)], _t(1)), _op("add", [_t(0), _t(1)], _t(2)))
    assert found == [("fused_pointwise", 128, 128)]


def test_calls_in_place_write_their_storage_once(fused):
    found = fused(_op("mul_", [_t(0), _t(1)], _t(0)), _op("add_", [_t(0), _t(2)], _t(0)))
    assert found == [("fused_pointwise", 384, 128)]


def test_statistics_that_nothing_uses_are_not_written(fused):
    rows = [_t(s, 8, 1, dtype="float32") for s in (4, 5)]
    x, out = _t(0, 8, 8), _t(3, 8, 8)
    norm = _op("native_layer_norm", [x, _t(1, 8), _t(2, 8)], out, *rows)
    found = fused(norm, _op("silu", [out], _t(6, 8, 8)))
    assert found == [("fused_layer_norm", 128 + 2 * 16, 128)]
    # Where a call reads them, they are.
    found = fused(norm, _op("silu", [out], _t(6, 8, 8)), _op("mm", [rows[0], rows[1]], _t(7, 8, 1, dtype="float32")))
    assert found[0] == ("fused_layer_norm", 160, 128 + 64)


def test_operands_that_only_give_a_shape_are_not_read(fused):
    found = fused(_op("zeros_like", [_t(0)], _t(1)), _op("add", [_t(1), _t(2)], _t(3)))
    assert found == [("fused_pointwise", 128, 128)]


def test_a_tensor_that_is_overwritten_is_not_read(fused):
    found = fused(_op("silu", [_t(0)], _t(1)), _op("copy_", [_t(2), _t(1)], _t(2)))
    assert found == [("fused_pointwise", 128, 128)]


def test_group_norm_is_cut_between_statistics_and_application(fused):
    image, out = _t(1, 2, 8, 4, 4), _t(4, 2, 8, 4, 4)
    found = fused(
        _op("silu", [_t(0, 2, 8, 4, 4)], image),
        _op("native_group_norm", [image, _t(2, 8), _t(3, 8)], out, group=2),
        _op("silu", [out], _t(5, 2, 8, 4, 4)),
    )
    # The activation before it is stored, for statistics and application both read it; the one after it is fused.
    assert [name for name, *_ in found] == ["silu", "group_norm_statistics", "fused_pointwise"]
    assert found[2][1:] == (512 + 32, 512)


def test_a_chain_ends_where_the_loop_changes(fused):
    other = _t(2, 100)
    found = fused(_op("silu", [_t(0)], _t(1)), _op("silu", [other], _t(3, 100)))
    assert [name for name, *_ in found] == ["silu", "silu"]


def test_equal_loops_side_by_side_are_one_kernel(fused):
    found = fused(_op("silu", [_t(0)], _t(1)), _op("silu", [_t(2)], _t(3)))
    assert found == [("fused_pointwise", 256, 256)]


def test_views_do_not_end_a_chain(fused):
    found = fused(
        _op("silu", [_t(0)], _t(1)),
        _op("view", [_t(1)], _t(1, 8, 8)),
        _op("mul", [_t(1, 8, 8), _t(2, 8, 8)], _t(3, 8, 8)),
    )
    assert found == [("fused_pointwise", 256, 128)]


def test_a_row_wise_kernel_gives_its_shape_and_name(make_graph):
    graph = make_graph(
        [_op("add", [_t(0, 8, 8), _t(1, 8, 8)], _t(2, 8, 8)), _op("_softmax", [_t(2, 8, 8)], _t(3, 8, 8), dim=-1)]
    )
    (table,) = lower(graph, _COMPILED).kernels.tables
    assert table.name == ("fused_softmax",)
    assert (table.rows[0], table.row_length[0]) == (8, 8)
    assert (table.vector_flops[0], table.special_ops[0]) == (64 + 4 * 64, 64)


def test_arithmetic_is_conserved(make_graph, stable_diffusion_graph):
    eager, compiled = (lower(stable_diffusion_graph, Execution(mode=m)).kernels for m in ("eager", "compiled"))
    for column in ("matrix_flops", "special_ops"):
        totals = [(getattr(t, column) * t.count).sum() for t in (eager, compiled)]
        assert totals[0] == pytest.approx(totals[1], rel=1e-12)


def test_bytes_at_the_border_of_a_model_are_conserved(make_graph):
    """Inputs and weights are read, and the result written, fused or not; only what is between them is saved."""
    weight = {2: StorageRole.PARAMETER}
    calls = [
        _op("silu", [_t(0, 8, 8)], _t(1, 8, 8)),
        _op("mul", [_t(1, 8, 8), _t(2, 8)], _t(3, 8, 8)),
        _op("add", [_t(3, 8, 8), _t(0, 8, 8)], _t(4, 8, 8)),
    ]
    graph = make_graph(calls, roles=weight)
    (fused_kernel,) = _rows(lower(graph, _COMPILED))
    eager = _rows(lower(graph, Execution()))
    intermediate = 2 * 2 * 128  # storages 1 and 3, written and read
    again = 128  # x, which two eager kernels read
    assert fused_kernel[1] + fused_kernel[2] == sum(r + w for _, r, w in eager) - intermediate - again


def test_an_operator_without_a_rule_is_counted(make_graph):
    graph = make_graph([_op("silu", [_t(0)], _t(1)), _op("frobnicate", [_t(1)], _t(2))], repeats=3)
    launches = lower(graph, _COMPILED)
    assert launches.unmodelled == {"aten::frobnicate": 3}


def test_every_kind_is_fused_or_a_kernel_of_its_own():
    assert set(FUSIBLE) == set(Kind)
    assert not any(FUSIBLE[kind] for kind in PRODUCTS | ATTENTIONS | CONVOLUTIONS | COLLECTIVES | GENERATED | FREE)


def test_a_maximum_of_all_ends_a_kernel_and_what_it_scales_starts_another(fused):
    whole = TensorSpec((1, 1), "float16", (), 1)
    calls = (_op("silu", [_t(0, 8, 8)], _t(2, 8, 8)), _op("amax", [_t(2, 8, 8)], whole))
    names = [name for name, *_ in fused(*calls, _op("mul", [_t(2, 8, 8), whole], _t(3, 8, 8)))]
    assert names == ["silu", "amax", "mul"]
