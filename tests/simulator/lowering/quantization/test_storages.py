"""Weights that take less, and room for what is written on the way."""

from __future__ import annotations

from simulator.lowering.quantization.layers import layer_of
from simulator.lowering.quantization.steps import layer_calls
from simulator.lowering.quantization.storages import Storages
from simulator.quantization import load_scheme
from tracer.graph import StorageRole


def test_a_weight_is_replaced_once_and_its_scales_beside_it(layers):
    scheme, storages = load_scheme("int8-weight"), Storages(layers)
    layer = layer_of(layers.operators[0])
    calls = layer_calls(layer, scheme, scheme.recipe(compiled=False, rows=32))
    first = storages.of_layer(layer, calls, scheme, ([3, 0, 1], [6]), {})
    again = storages.of_layer(layer, calls, scheme, ([3, 0, 1], [6]), {})
    assert first["w"] == again["w"] == 1
    assert first["scale"] == again["scale"]
    assert first["wide"] != again["wide"]
    sizes, roles = storages.columns()
    assert sizes[1] == 64 * 128
    assert sizes[first["scale"]] == 2 * 128
    assert roles[first["scale"]] == StorageRole.PARAMETER
    assert roles[first["wide"]] == StorageRole.ACTIVATION
    assert storages.saved_by_component(layers) == {"model": 64 * 128 - 2 * 128}


def test_what_is_there_already_is_shared(layers):
    scheme, storages = load_scheme("int8-weight"), Storages(layers)
    layer = layer_of(layers.operators[0])
    calls = layer_calls(layer, scheme, scheme.recipe(compiled=False, rows=32))
    assert storages.of_layer(layer, calls, scheme, ([3, 0, 1], [6]), {"wide": 77})["wide"] == 77
