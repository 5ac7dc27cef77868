"""Operators on lists of tensors."""

from __future__ import annotations

import pytest

from tracer.operators import Kind, argument_names, kind_of


@pytest.mark.parametrize(("name", "lists"), [("_foreach_mul_", 2), ("_foreach_sqrt", 1), ("_fused_adamw_", 4)])
def test_arguments_say_how_many_lists_there_are(name: str, lists: int) -> None:
    assert kind_of(f"aten::{name}") is Kind.FOREACH
    assert len(argument_names(f"aten::{name}")) == lists


def test_numbers_in_place_of_lists_are_arguments_too() -> None:
    assert argument_names("aten::_foreach_lerp_")[-1] == "weight"
