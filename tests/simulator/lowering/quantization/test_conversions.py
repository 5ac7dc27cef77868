"""What layers of one input share."""

from __future__ import annotations

from simulator.lowering.quantization.conversions import Conversions
from simulator.lowering.quantization.layers import layer_of


def test_layers_of_one_input_share_until_it_is_overwritten(layers):
    query, key = (layer_of(layers.operators[i]) for i in (0, 1))
    known = Conversions()
    known.keep(query, [3, 0, 1], {"q": 50})
    assert known.of(key, [0, 2]) == {"q": 50}
    assert known.of(key, [9, 2]) == {}
    known.overwritten([7])
    assert known.of(key, [0, 2]) == {"q": 50}
    known.overwritten([0])
    assert known.of(key, [0, 2]) == {}
