"""A graph under a scheme: its operators, its weights, and what it launches."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.execution import Execution, ExecutionError
from simulator.kernels import ProductTable
from simulator.lowering import lower
from simulator.lowering.quantization import quantized
from simulator.quantization.catalogue import list_schemes
from simulator.schedule.peak_memory import peak_memory
from tracer.graph import Op, OpGraph, StorageRole, TensorSpec


def _names(graph: OpGraph) -> list[str]:
    (stage,) = graph.stages
    return [op.name.partition("::")[2] for op in graph.ops(stage)]


def _products(graph: OpGraph, execution: Execution) -> ProductTable:
    (table,) = (t for t in lower(graph, execution).kernels.tables if isinstance(t, ProductTable))
    return table


def test_without_a_scheme_nothing_changes(layers):
    graph, account = quantized(layers, Execution())
    assert graph is layers
    assert account is None


def test_layers_become_the_operators_of_a_library(layers):
    graph, account = quantized(layers, Execution(quantize="int8-weight"))
    layer = ["_to_copy", "mm", "mul"]
    # The head's weight is read elsewhere too, and the last product is of activations.
    assert _names(graph) == [*layer, "add", *layer, *layer, "mm", "mul", "mm"]
    assert (account.layers, account.layers_kept, account.components) == (3, 0, ("model",))
    assert account.weights == 64 * (128 + 128 + 16)
    assert account.bytes_before == 2 * account.weights
    assert account.bytes_after == account.weights + 2 * (128 + 128 + 16)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("scheme", [name for name in list_schemes() if name != "none"])
def test_every_scheme_that_ships_runs_on_a_layer_that_it_takes(make_graph, scheme, compiled):
    """Two layers of one input with biases, of a size that all take."""

    def tensor(storage: int, *shape: int) -> TensorSpec:
        return TensorSpec(shape, "bfloat16", (), storage)

    x = tensor(0, 8, 256)
    calls = [
        Op("aten::addmm", (tensor(2 + i, 512), x, tensor(4 + i, 256, 512)), (tensor(6 + i, 8, 512),), module="net")
        for i in (0, 1)
    ]
    execution = Execution(mode="compiled" if compiled else "eager", quantize=scheme)
    roles = dict.fromkeys((2, 3, 4, 5), StorageRole.PARAMETER)
    graph, account = quantized(make_graph(calls, roles=roles, parameters=2 * (256 * 512 + 512)), execution)
    assert account.layers == 2
    assert len(lower(graph, execution).kernels)


def test_a_kernel_that_quantises_writes_its_scales_too(make_graph):
    x, weight, y = (TensorSpec(shape, "bfloat16", (), n) for n, shape in enumerate([(8, 256), (256, 512), (8, 512)]))
    graph = make_graph([Op("aten::mm", (x, weight), (y,))], roles={1: StorageRole.PARAMETER}, parameters=256 * 512)
    quantised, _ = quantized(graph, Execution(quantize="fp8-block"))
    (stage,) = quantised.stages
    first, product = quantised.ops(stage)
    assert [output.shape for output in first.outputs] == [(8, 256), (8, 2)]
    assert {output.storage for output in first.outputs} <= {tensor.storage for tensor in product.inputs}


def test_storages_of_calls_lead_from_one_to_the_next(layers):
    graph, _ = quantized(layers, Execution(quantize="int8-weight"))
    (stage,) = graph.stages
    edges = graph.edges(stage)
    assert {(0, 1), (1, 2), (2, 3)} <= set(edges)  # query: cast, product, scale, bias
    last = stage.num_calls - 1
    assert {producer for producer, consumer in edges if consumer == last} == {3, 6}
    assert all(op.module == "net.query" for op in list(graph.ops(stage))[:4])


def test_weights_take_less_memory(layers):
    execution = Execution(quantize="int8-weight")
    graph, account = quantized(layers, execution)
    assert layers.parameter_bytes - graph.parameter_bytes == account.bytes_before - account.bytes_after
    assert graph.num_parameters == layers.num_parameters
    # Of eager layers one weight at a time is wide: the peak falls by less than the weights.
    assert peak_memory(graph, execution) < peak_memory(layers, execution)


def test_compiled_layers_of_one_input_convert_it_once(layers):
    compiled = Execution(mode="compiled", quantize="int8-dynamic")
    eager = Execution(quantize="int8-dynamic")
    assert _names(quantized(layers, compiled)[0]).count("amax") == 1
    assert _names(quantized(layers, eager)[0]).count("amax") == 3
    launched = lower(layers, compiled)
    assert sum(launched.kernels.count) == 1 + 3 + 2 + 1  # a conversion, products of layers, others, and the table's


def test_products_run_in_the_format_of_the_scheme(layers):
    table = _products(layers, Execution(mode="compiled", quantize="int8-dynamic"))
    formats = [table.formats[code] for code in table.number_format]
    assert sorted(formats) == ["fp16", "fp16", "int8", "int8", "int8"]
    int8 = np.array([name == "int8" for name in formats])
    assert set(table.itemsize[int8]) == {1.0}
    # Operands of a byte, scales of rows and columns, results of two.
    wide = table.select(int8 & (table.n == 128))
    assert wide.bytes_read.max() == 32 * 64 + 64 * 128 + 2 * 32 + 2 * 128 + 2 * 128


def test_a_layer_that_the_scheme_does_not_take_stays(layers):
    graph, account = quantized(layers, Execution(quantize="fp6-weight"))
    assert _names(graph) == _names(layers)
    assert (account.layers, account.layers_kept) == (0, 3)


def test_packed_weights_have_a_kernel_of_their_own(layers):
    table = _products(layers, Execution(quantize="int4-weight-g32"))
    assert table.count[table.packed].sum() == 3
    assert not _products(layers, Execution()).packed.any()


def test_a_component_that_there_is_not(layers):
    with pytest.raises(ExecutionError, match="has no component 'unet'; valid: all, model"):
        quantized(layers, Execution(quantize="nf4:unet"))
