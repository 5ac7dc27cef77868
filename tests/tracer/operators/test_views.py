"""Operators that launch nothing, held to what torch says of them."""

from __future__ import annotations

import pytest

from tracer.operators import FREE, is_free, kind_of
from tracer.operators.views import OPERATORS


def test_all_are_free() -> None:
    assert {declared.kind for declared in OPERATORS} == FREE
    assert all(is_free(name) for declared in OPERATORS for name in declared.names)


@pytest.mark.torch
def test_views_share_the_memory_of_their_input() -> None:
    torch = pytest.importorskip("torch")
    data = torch.zeros(2, 3)
    calls = {
        "view": data.view(3, 2),
        "permute": data.permute(1, 0),
        "slice": data[:, 1:],
        "expand": data.expand(4, 2, 3),
        "unsqueeze": data.unsqueeze(0),
        "split": data.split(1)[0],
    }
    for name, result in calls.items():
        assert is_free(f"aten::{name}")
        assert result.untyped_storage().data_ptr() == data.untyped_storage().data_ptr(), name
    assert kind_of("aten::clone") not in FREE
