"""Operators that launch nothing: they make a new view of a storage, allocate, or look something up on the host."""

from __future__ import annotations

from functools import partial

from .declaration import declare
from .fills import sized
from .kinds import Kind
from .shapes import first_input, like_input

__all__ = ["OPERATORS"]

_view = partial(declare, kind=Kind.VIEW)
_allocation = partial(declare, kind=Kind.ALLOCATION)

OPERATORS = (
    _view("alias detach", outputs=like_input),
    _view("view _unsafe_view", "self size"),
    _view("expand", "self size implicit"),
    _view("permute", "self dims"),
    _view("transpose", "self dim0 dim1"),
    _view("unsqueeze", "self dim"),
    _view("select", "self dim index"),
    _view("slice", "self dim start end step"),
    _view("as_strided expand_as view_as unflatten unfold _reshape_alias lift_fresh"),
    _view("t mT numpy_T movedim swapaxes squeeze flatten diagonal narrow"),
    _view("chunk split split_with_sizes unbind unsafe_chunk unsafe_split"),
    _view("real conj resolve_conj resolve_neg view_as_complex view_as_real"),
    _allocation("empty", "size dtype layout device pin_memory", outputs=sized),
    _allocation("empty_like", outputs=like_input),
    _allocation("empty_strided new_empty new_empty_strided"),
    _allocation("resize_ set_", outputs=first_input),
    declare("_c10d_functional::wait_tensor c10d::barrier c10d_functional::wait_tensor", kind=Kind.HOST),
    declare("sym_size is_nonzero result_type _assert_async", kind=Kind.HOST),
)
