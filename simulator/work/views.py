"""Operators that launch nothing: they make a new view of a storage, allocate, or look something up on the host."""

from __future__ import annotations

__all__ = ["is_free"]

_VIEWS = frozenset(
    "aten::" + name
    for name in (
        "_reshape_alias",
        "_unsafe_view",
        "alias",
        "as_strided",
        "chunk",
        "conj",
        "detach",
        "diagonal",
        "expand",
        "expand_as",
        "flatten",
        "lift_fresh",
        "movedim",
        "mT",
        "narrow",
        "numpy_T",
        "permute",
        "real",
        "resolve_conj",
        "resolve_neg",
        "select",
        "slice",
        "split",
        "split_with_sizes",
        "squeeze",
        "swapaxes",
        "t",
        "transpose",
        "unbind",
        "unflatten",
        "unfold",
        "unsafe_chunk",
        "unsafe_split",
        "unsqueeze",
        "view",
        "view_as",
        "view_as_complex",
        "view_as_real",
    )
)
_ALLOCATIONS = frozenset(
    "aten::" + name
    for name in ("empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided", "resize_", "set_")
)
_HOST = frozenset({"aten::sym_size", "aten::is_nonzero", "aten::result_type", "aten::_assert_async"})


def is_free(name: str) -> bool:
    """Whether an operator of that name launches no kernel.

    ``reshape``, ``contiguous`` and ``to`` are not listed: they appear in a graph as the copy that they make, or as
    the view.
    """
    return name in _VIEWS or name in _ALLOCATIONS or name in _HOST
