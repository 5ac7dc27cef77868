"""Positions of a graph of three calls, two of them in one module, that grows nowhere."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.execution import Execution
from simulator.lowering import lower
from simulator.lowering.graphs.positions import VIEWS, chosen_kernels, positions_of
from tracer.graph import Op, TensorSpec

_PRODUCT = Op(
    "aten::mm",
    (TensorSpec((4, 4), "float16", (), 0), TensorSpec((4, 4), "float16", (), 1)),
    (TensorSpec((4, 4), "float16", (), 2),),
    (),
    "model.blocks.0.attn.to_q",
)
_COPY = Op("aten::clone", _PRODUCT.inputs[:1], _PRODUCT.outputs, (), "model.blocks.1")


def test_every_view_has_every_position_once(make_graph):
    positions = positions_of(lower(make_graph([_PRODUCT, _COPY, _PRODUCT], repeats=10), Execution()))
    assert tuple(positions.views) == VIEWS
    for parts in positions.views.values():
        np.testing.assert_array_equal(np.sort(np.concatenate(list(parts.values()))), [0, 1, 2])
    assert {name: at.tolist() for name, at in positions.views["by_module"].items()} == {
        "model.blocks.0": [0, 2],
        "model.blocks.1": [1],
    }
    assert list(positions.views["by_category"]) == ["linear", "data_movement"]  # in the order of the categories


def test_work_counts_repeats(make_graph):
    launches = lower(make_graph([_PRODUCT, _COPY, _PRODUCT], repeats=10), Execution())
    positions = positions_of(launches)
    np.testing.assert_allclose(positions.flops, [10 * 2 * 64, 0.0, 10 * 2 * 64])
    np.testing.assert_allclose(positions.bytes, [10 * 3 * 32, 10 * 2 * 32, 10 * 3 * 32])
    assert positions.work["by_module"]["model.blocks.0"] == (pytest.approx(20 * 128), pytest.approx(20 * 96))


def test_depth_of_modules(make_graph):
    launches = lower(make_graph([_PRODUCT, _COPY]), Execution())
    assert list(positions_of(launches, 1).views["by_module"]) == ["model"]


def test_kernels_of_repeats_that_are_alike_are_all_chosen(make_graph):
    launches = lower(make_graph([_PRODUCT, _COPY, _PRODUCT]), Execution())
    np.testing.assert_array_equal(chosen_kernels(launches), [0, 1])


def test_what_was_lowered_is_kept(make_graph):
    graph = make_graph([_PRODUCT])
    assert lower(graph, Execution()) is lower(graph, Execution())
    assert lower(graph, Execution(mode="compiled")) is not lower(graph, Execution())
    assert lower(make_graph([_PRODUCT]), Execution()) is not lower(graph, Execution())
