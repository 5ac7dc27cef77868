"""Declarations: names in full, and what a kind needs."""

from __future__ import annotations

import pytest

from tracer.operators import DeclarationError, Kind, declare


def test_names_are_of_aten_unless_they_say_otherwise() -> None:
    assert declare("mm _C::mm", kind=Kind.PRODUCT).names == ("aten::mm", "_C::mm")
    assert declare("all_reduce", kind=Kind.ALL_REDUCE, namespace="c10d").names == ("c10d::all_reduce",)
    assert declare("silu_and_mul", kind=Kind.COPY, namespace="").names == ("silu_and_mul",)


def test_arguments_are_in_order() -> None:
    assert declare("glu", "self dim", kind=Kind.COPY).arguments == ("self", "dim")
    assert declare("glu", kind=Kind.COPY).arguments == ()


@pytest.mark.parametrize("kind", [Kind.ELEMENTWISE, Kind.COMPARISON, Kind.REDUCTION, Kind.SCAN])
def test_what_is_counted_by_element_needs_a_count(kind: Kind) -> None:
    with pytest.raises(DeclarationError, match=f"aten::softshrink is {kind.name.lower()}: it needs flops"):
        declare("softshrink", "self lambd", kind=kind)
    assert declare("softshrink", "self lambd", kind=kind, special_ops=1).special_ops == 1
