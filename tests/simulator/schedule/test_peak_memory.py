"""Peak memory of hand-made graphs."""

from __future__ import annotations

import pytest

from simulator.execution import Execution
from simulator.schedule.peak_memory import activation_peak, peak_memory
from tracer.graph import Op, StorageRole, TensorSpec

_EAGER, _NAIVE = Execution(), Execution(attention="naive")


def _t(storage: int, *shape: int) -> TensorSpec:
    return TensorSpec(shape, "float16", (), storage)


def _op(name: str, inputs: list[TensorSpec], *outputs: TensorSpec) -> Op:
    return Op(f"aten::{name}", tuple(inputs), outputs)


def _peak(graph, execution=_EAGER) -> int:
    return activation_peak(graph, graph.stages[0], execution)


def test_a_chain_holds_an_input_and_an_output_at_a_time(make_graph):
    # x (100 B) -> y (400 B) -> z (100 B) -> w (20 B): the widest pair is x and y, or y and z.
    calls = [
        _op("silu", [_t(0, 50)], _t(1, 200)),
        _op("silu", [_t(1, 200)], _t(2, 50)),
        _op("silu", [_t(2, 50)], _t(3, 10)),
    ]
    assert _peak(make_graph(calls)) == 500


def test_what_is_read_again_lives_on(make_graph):
    # The skip connection keeps y alive until the last call: y + z + w.
    calls = [
        _op("silu", [_t(0, 50)], _t(1, 200)),
        _op("silu", [_t(1, 200)], _t(2, 50)),
        _op("silu", [_t(2, 50)], _t(3, 100)),
        _op("cat", [_t(3, 100), _t(1, 200)], _t(4, 300)),
    ]
    assert _peak(make_graph(calls)) == 400 + 200 + 600


def test_inputs_live_from_the_start_of_the_stage(make_graph):
    calls = [
        _op("silu", [_t(0, 50)], _t(1, 50)),
        _op("silu", [_t(1, 50)], _t(2, 50)),
        _op("add", [_t(2, 50), _t(3, 500)], _t(4, 500)),  # an input that only the last call reads
    ]
    assert _peak(make_graph(calls)) == 100 + 1000 + 1000


def test_views_and_calls_in_place_cost_nothing(make_graph):
    calls = [
        _op("silu", [_t(0, 50)], _t(1, 50)),
        _op("view", [_t(1, 50)], _t(1, 5, 10)),
        _op("mul_", [_t(1, 5, 10), _t(1, 5, 10)], _t(1, 5, 10)),
    ]
    assert _peak(make_graph(calls)) == 200


def test_a_view_keeps_its_whole_storage(make_graph):
    calls = [_op("silu", [_t(0, 4)], _t(1, 4)), _op("silu", [_t(1, 4)], _t(2, 4))]
    assert _peak(make_graph(calls, sizes={1: 5000})) == 5000 + 8


@pytest.mark.parametrize("role", [StorageRole.PARAMETER, StorageRole.BUFFER])
def test_weights_are_counted_once_for_the_whole_run(role, make_graph):
    calls = [_op("mm", [_t(0, 4, 4), _t(1, 4, 4)], _t(2, 4, 4))]
    graph = make_graph(calls, roles={1: role}, parameters=16)
    assert _peak(graph) == 64
    assert peak_memory(graph, _EAGER) == 64 + 32


def test_naive_attention_holds_scores_before_and_after_the_softmax(make_graph):
    shape = (1, 2, 16, 4)
    calls = [_op("scaled_dot_product_attention", [_t(0, *shape), _t(1, *shape), _t(2, *shape)], _t(3, *shape))]
    graph = make_graph(calls)
    assert _peak(graph) == 4 * 2 * 128
    assert _peak(graph, _NAIVE) == 4 * 2 * 128 + 2 * 2 * (2 * 16 * 16)


def test_a_growing_stage_is_as_large_as_its_last_repeat(make_graph):
    first, last = ([_op("silu", [_t(0, n)], _t(1, n))] for n in (10, 100))
    assert _peak(make_graph(first, grown=last, repeats=5)) == 400


def test_a_stage_without_calls(make_graph):
    assert _peak(make_graph([])) == 0


def test_stable_diffusion(stable_diffusion_graph):
    graph = stable_diffusion_graph
    weights = graph.parameter_bytes
    assert weights == pytest.approx(2 * (859_520_964 + 123_060_480 + 83_653_863), rel=1e-3)
    flash, naive = (peak_memory(graph, e) for e in (_EAGER, _NAIVE))
    # The decoder's last blocks hold 512x512 images of 256 channels: 134 MB each, three to five of them at once.
    assert weights + 3 * 134e6 < flash < weights + 10 * 134e6
    # 16 heads (8 for each of two samples) of 4096 x 4096 scores, twice, in half precision.
    unet = graph.stage("unet")
    scores = 2 * 2 * 16 * 4096**2
    assert activation_peak(graph, unet, _NAIVE) - activation_peak(graph, unet, _EAGER) == pytest.approx(scores, rel=0.1)
    assert naive >= weights + scores
