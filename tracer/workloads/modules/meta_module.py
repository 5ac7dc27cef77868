"""Our own modules on the meta device."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from torch import nn

from tracer.workloads.construction import meta_construction

__all__ = ["meta_module"]

_Module = TypeVar("_Module", bound=nn.Module)


def meta_module(construct: Callable[[], _Module], *, dtype: str) -> _Module:
    """What `construct` returns, for inference, on the meta device at `dtype`: neither memory nor values."""
    with meta_construction(dtype):
        module = construct()
    return module.eval().requires_grad_(False)
