"""Operators that launch nothing."""

from __future__ import annotations

import pytest

from simulator.work import is_free


@pytest.mark.parametrize(
    "name",
    ["view", "transpose", "expand", "slice", "split", "unbind", "t", "unsqueeze", "empty", "empty_like", "detach"],
)
def test_views_and_allocations_are_free(name):
    assert is_free(f"aten::{name}")


@pytest.mark.parametrize("name", ["clone", "contiguous", "_to_copy", "copy_", "cat", "zeros", "fill_", "roll", "to"])
def test_what_moves_data_is_not(name):
    assert not is_free(f"aten::{name}")


def test_other_namespaces_are_not():
    assert not is_free("prims::view")


@pytest.mark.torch
@pytest.mark.parametrize("name", ["view", "expand", "slice", "select", "transpose", "unsqueeze", "unfold", "split"])
def test_torch_calls_them_views_too(name):
    torch = pytest.importorskip("torch")
    overload = getattr(torch.ops.aten, name).overloads()[0]
    schema = getattr(getattr(torch.ops.aten, name), overload)._schema
    returned = schema.returns[0].alias_info
    assert returned is not None
    assert not returned.is_write
