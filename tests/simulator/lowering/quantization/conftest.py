"""A small network of linear layers by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tracer.graph import Op, OpGraph, StorageRole, TensorSpec

_WEIGHT = StorageRole.PARAMETER


@pytest.fixture
def layers(make_graph: Callable[..., OpGraph]) -> OpGraph:
    """Query and key of one input (32 rows of 64), a gate of it, and a table that is a weight and looked up too.

    Storages: 0 input, 1 and 2 weights (64 x 128), 3 bias, 4 weight (64 x 16), 5 table (64 x 128); 6 to 9 outputs.
    """

    def tensor(storage: int, *shape: int) -> TensorSpec:
        return TensorSpec(shape, "float16", (), storage)

    x, bias = tensor(0, 32, 64), tensor(3, 128)
    calls = [
        Op("aten::addmm", (bias, x, tensor(1, 64, 128)), (tensor(6, 32, 128),), module="net.query"),
        Op("aten::mm", (x, tensor(2, 64, 128)), (tensor(7, 32, 128),), module="net.key"),
        Op("aten::mm", (x, tensor(4, 64, 16)), (tensor(8, 32, 16),), module="net.gate"),
        Op("aten::mm", (x, tensor(5, 64, 128)), (tensor(9, 32, 128),), module="net.head"),
        Op("aten::mul", (tensor(5, 64, 128), tensor(5, 64, 128)), (tensor(10, 64, 128),), module="net.embed"),
        Op("aten::mm", (tensor(6, 32, 128), tensor(7, 32, 128)), (tensor(11, 32, 32),), module="net.scores"),
    ]
    roles = dict.fromkeys((1, 2, 3, 4, 5), _WEIGHT)
    elements = 2 * 64 * 128 + 128 + 64 * 16 + 64 * 128
    return make_graph(calls, roles=roles, parameters=elements)
