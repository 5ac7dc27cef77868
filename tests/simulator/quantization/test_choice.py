"""What ``--quantize`` takes."""

from __future__ import annotations

import pytest

from simulator.quantization import UNQUANTIZED, QuantizationError, parse_choice


@pytest.mark.parametrize(
    ("text", "scheme", "components"),
    [
        ("nf4", "nf4", ()),
        ("fp8-row:all", "fp8-row", ("all",)),
        ("fp8-row:transformer, text_encoder", "fp8-row", ("transformer", "text_encoder")),
        ("fp8-row:", "fp8-row", ()),
    ],
)
def test_a_scheme_and_its_components(text, scheme, components):
    choice = parse_choice(text)
    assert choice.scheme is not None
    assert (choice.scheme.name, choice.components) == (scheme, components)


def test_none_is_none():
    assert parse_choice(UNQUANTIZED).scheme is None


def test_no_other_name_is_one():
    with pytest.raises(QuantizationError, match="unknown scheme 'int3'"):
        parse_choice("int3")
