"""Lowering of whole graphs: rows, counts, and stages whose shapes grow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.execution import EXECUTION_MODES, Execution
from simulator.kernels import KernelTables
from simulator.lowering import Launches, lower
from simulator.lowering.graphs.growth import operators_by_repeat
from simulator.work import work_of
from tracer.graph import GraphError, Op, OpGraph, TensorSpec, Workload

_EAGER = Execution()


def _t(storage: int, *shape: int) -> TensorSpec:
    return TensorSpec(shape, "float16", (), storage)


def _op(name: str, inputs: list[TensorSpec], *outputs: TensorSpec, module: str = "", **attributes: object) -> Op:
    return Op(f"aten::{name}", tuple(inputs), outputs, tuple(sorted(attributes.items())), module)


def _product(rows: int, inner: int = 4) -> Op:
    return _op("mm", [_t(0, rows, inner), _t(1, inner, 8)], _t(2, rows, 8))


class TestRows:
    def test_equal_kernels_share_a_row(self, make_graph):
        launches = lower(make_graph([_product(4), _product(6), _product(4)], repeats=5), _EAGER)
        (stage,) = launches.stages
        assert stage.rows.tolist() == [[0, 1, 0]]
        assert stage.calls.tolist() == [0, 1, 2]
        assert launches.kernels.count.tolist() == [10, 5]
        assert stage.launches_per_variant == 5

    def test_views_have_no_row_and_several_kernels_one_call(self, make_graph):
        norm = _op("native_group_norm", [_t(0, 2, 8, 4, 4), _t(1, 8), _t(2, 8)], _t(3, 2, 8, 4, 4), group=2)
        view = _op("view", [_t(3, 2, 8, 4, 4)], _t(3, 2, 128))
        launches = lower(make_graph([view, norm, view, norm]), _EAGER)
        assert launches.stages[0].calls.tolist() == [1, 1, 1, 3, 3, 3]

    def test_categories_follow_operator_and_module(self, make_graph):
        calls = [
            _op("mul", [_t(0, 4)], _t(1, 4), module="model.norm"),
            _op("mul", [_t(0, 4)], _t(1, 4), module="model.mlp"),
        ]
        assert lower(make_graph(calls), _EAGER).stages[0].categories == ("normalization", "elementwise")

    @pytest.mark.parametrize("mode", ["eager", "compiled"])
    def test_calls_without_their_arguments_are_counted(self, mode, make_graph):
        launches = lower(make_graph([_product(4), _op("mm", [])], repeats=3), Execution(mode=mode))
        assert launches.unmodelled == {"aten::mm": 3}

    @pytest.mark.parametrize("mode", EXECUTION_MODES)
    def test_an_operator_without_a_rule_is_counted_in_every_repeat(self, mode, make_graph):
        calls = [_product(4), _op("frobnicate", [_t(0, 4)], _t(1, 4)), _op("frobnicate", [_t(0, 4)], _t(1, 4))]
        launches = lower(make_graph(calls, repeats=7), Execution(mode=mode))
        assert launches.unmodelled == {"aten::frobnicate": 14}
        assert launches.kernels.name == ("gemm",)

    def test_a_graph_that_launches_nothing(self, make_graph):
        launches = lower(make_graph([_op("view", [_t(0, 4)], _t(0, 2, 2))]), _EAGER)
        assert len(launches.kernels) == 0
        assert launches.stages[0].rows.shape == (1, 0)


def _total(kernels: KernelTables, column: str) -> float:
    """Sum of a column over all launches; families without it count nothing."""
    return float((kernels.numbers(lambda t: getattr(t, column, np.zeros(len(t)))) * kernels.count).sum())


class TestGrowth:
    @given(first=st.integers(1, 50), step=st.integers(0, 9), repeats=st.integers(2, 40))
    def test_work_linear_and_quadratic_in_the_length_is_exact(self, first, step, repeats, make_graph):
        def calls(length: int) -> list[Op]:
            return [
                _product(length),  # linear
                _op("mm", [_t(3, length, 4), _t(4, 4, length)], _t(5, length, length)),  # quadratic
                _op("silu", [_t(6, 7)], _t(7, 7)),  # constant
            ]

        lengths = [first + step * i for i in range(repeats)]
        graph = make_graph(calls(lengths[0]), grown=calls(lengths[-1]), repeats=repeats)
        table = lower(graph, _EAGER).kernels
        assert table.count.sum() == 3 * repeats
        each = [lower(make_graph(calls(length)), _EAGER).kernels for length in lengths]
        for column in ("matrix_flops", "vector_flops", "special_ops", "bytes_read", "bytes_written", "m", "n"):
            expected = sum(_total(t, column) for t in each)
            assert _total(table, column) == pytest.approx(expected, rel=1e-9), column

    def test_every_repeat_has_its_own_row(self, make_graph):
        launches = lower(make_graph([_product(4)], grown=[_product(8)], repeats=5), _EAGER)
        (stage,) = launches.stages
        assert stage.rows.shape == (5, 1)
        assert launches.kernels.numbers(lambda t: t.m)[stage.rows[:, 0]].tolist() == [4, 5, 6, 7, 8]
        assert launches.kernels.count[stage.rows[:, 0]].tolist() == [1] * 5

    def test_what_does_not_grow_keeps_one_row(self, make_graph):
        calls = [_product(4), _op("silu", [_t(6, 7)], _t(7, 7))]
        launches = lower(make_graph(calls, grown=[_product(8), calls[1]], repeats=5), _EAGER)
        assert launches.kernels.count[launches.stages[0].rows[0, 1]] == 5

    def test_too_many_repeats_to_hold(self, make_graph):
        graph = make_graph([_product(4)], grown=[_product(8)], repeats=10**9)
        with pytest.raises(GraphError, match=r"grows over 1000000000 repeats of 1 launches, .* valid: up to 50000000"):
            lower(graph, _EAGER)

    def test_kernels_that_come_and_go_are_refused(self, make_graph):
        first, last = (_op("add", [_t(0, n, 4), _t(1, n, 4)], _t(2, n, 4)) for n in (0, 6))
        with pytest.raises(GraphError, match=r"stage 'stage' launches 0 kernels at first and 1 at last"):
            lower(make_graph([first], grown=[last], repeats=4), _EAGER)

    def test_operators_by_repeat(self, make_graph):
        calls = [_product(4), _product(4), _op("silu", [_t(6, 7)], _t(7, 7))]
        graph = make_graph(calls, grown=[_product(8), _product(8), calls[2]], repeats=5)
        found = [(op.name, op.outputs[0].shape, n) for op, n in operators_by_repeat(graph, graph.stages[0])]
        assert found == [("aten::mm", (m, 8), 2) for m in (4, 5, 6, 7, 8)] + [("aten::silu", (7,), 5)]

    def test_operators_by_repeat_of_a_stage_that_does_not_grow(self, make_graph):
        graph = make_graph([_product(4), _product(4)], repeats=5)
        assert [n for _, n in operators_by_repeat(graph, graph.stages[0])] == [10]


_TINY = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 50,
    "tie_word_embeddings": False,
}


@pytest.fixture(scope="module")
def tiny_llama() -> tuple[OpGraph, list[OpGraph]]:
    """Decoding 9 tokens as a growing stage, and each of its passes traced by itself."""
    pytest.importorskip("transformers", reason="tracing a Llama needs transformers")
    from tracer.capture.meta import GraphBuilder
    from tracer.workloads.causal_lm import causal_lm_stages

    workload = Workload(batch=2, prompt_length=5, max_new_tokens=10)
    decode = causal_lm_stages(_TINY, workload)[1]

    def traced(repeats: int, offset: int) -> OpGraph:
        builder = GraphBuilder(attention_kinds={"": "self"})
        builder.add_stage(
            "decode",
            "model",
            decode.module,
            lambda repeat: decode.run(decode.module, offset + repeat),
            repeats=repeats,
            grows=repeats > 1,
        )
        return builder.build("tiny", workload)

    return traced(decode.repeats, 0), [traced(1, i) for i in range(decode.repeats)]


def _totals(launches: Launches) -> dict[str, float]:
    table = launches.kernels
    names = ("matrix_flops", "vector_flops", "special_ops", "bytes_read", "bytes_written", "resident_bytes")
    return {"launches": table.count.sum()} | {n: _total(table, n) for n in names}


@pytest.mark.torch
@pytest.mark.parametrize(("mode", "attention"), [*((m, "flash") for m in EXECUTION_MODES), ("eager", "naive")])
def test_decoding_is_the_sum_of_its_true_lengths(mode, attention, tiny_llama):
    grown, each = tiny_llama
    execution = Execution(mode=mode, attention=attention)
    expected = [_totals(lower(graph, execution)) for graph in each]
    found = _totals(lower(grown, execution))
    assert found == pytest.approx({name: sum(e[name] for e in expected) for name in found}, rel=1e-12)


@pytest.mark.torch
def test_operators_of_decoding_are_those_of_its_true_lengths(tiny_llama):
    grown, each = tiny_llama

    def flops(graph: OpGraph) -> float:
        pairs = operators_by_repeat(graph, graph.stages[0])
        return sum(n * work_of(op).contraction_flops for op, n in pairs if op.name in ("aten::mm", "aten::addmm"))

    assert flops(grown) == sum(flops(graph) for graph in each)


def test_rows_point_into_the_table(stable_diffusion_graph):
    launches = lower(stable_diffusion_graph, _EAGER)
    counted = np.zeros(len(launches.kernels))
    for stage in launches.stages:
        assert (np.diff(stage.calls) >= 0).all()
        assert len(stage.categories) == stage.rows.shape[1] == len(stage.calls)
        np.add.at(counted, stage.rows, stage.stage.repeats)
    assert counted.tolist() == launches.kernels.count.tolist()


class TestBeside:
    def test_what_runs_beside_the_next_launch_takes_what_is_left_of_it(self, make_graph):
        message = Op("c10d::alltoall_base_", (_t(0, 8),), (_t(2, 8),), (("beside", True), ("group_size", 2)))
        plain = Op("c10d::allreduce_", (_t(2, 8),), (_t(2, 8),), (("group_size", 2),))
        (stage,) = lower(make_graph([message, message, _product(4), plain]), _EAGER).stages
        assert stage.beside.tolist() == [0, 1]
        times = np.array([[3.0, 1.0], [2.0, 1.0], [4.0, 4.0], [7.0, 7.0]])
        assert stage.shown(times).tolist() == [[0.0, 0.0], [1.0, 0.0], [4.0, 4.0], [7.0, 7.0]]
