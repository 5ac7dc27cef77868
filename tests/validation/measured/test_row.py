"""Rows of measured operator calls."""

from __future__ import annotations

import pytest

from validation.measured.row import row_of

_PLAIN = {"op": "aten::relu", "input_shapes": "[[4, 8]]", "dtype": "float16", "attributes": "{}"}


def test_a_row_is_what_its_fields_say() -> None:
    row = row_of({**_PLAIN, "attributes": '{"cache": "cold"}', "kernel": "k", "source": "s"})
    assert (row.op, row.shapes, row.dtype, row.kernel, row.source) == ("aten::relu", [[4, 8]], "float16", "k", "s")
    assert row.cold
    assert row.operator().inputs[0].shape == (4, 8)


def test_what_a_row_leaves_out_is_plain() -> None:
    row = row_of({**_PLAIN, "attributes": ""})
    assert (row.attributes, row.kernel, row.source, row.cold) == ({}, "", "unknown", False)


@pytest.mark.parametrize("shapes", ["", "x", "[]", "[4]", "[[0]]", "[[true]]", "{}", "[[1.5]]", "[" * 100_000])
def test_shapes_are_lists_of_positive_integers(shapes: str) -> None:
    with pytest.raises(ValueError, match="aten::relu: input_shapes are not lists of positive integers"):
        row_of({**_PLAIN, "input_shapes": shapes})


def test_attributes_are_an_object() -> None:
    with pytest.raises(ValueError, match="aten::relu: attributes are not a JSON object"):
        row_of({**_PLAIN, "attributes": "[1]"})
