"""Results of calls on meta tensors, kept by what the calls are given.

A repeated layer makes the same calls over and over, and PyTorch works most of their results out in Python
(``torch/_meta_registrations.py``, ``torch/_refs``), which takes a third to a half of the time of a trace. What such a
call gives follows from extents, strides and number formats alone, so that it is worked out once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch

__all__ = ["MetaResults"]

_Layout: TypeAlias = tuple[tuple[int, ...], tuple[int, ...], torch.dtype]
_Key: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Result:
    """Layouts of a call's outputs, and whether they came as a tuple."""

    several: bool
    layouts: tuple[_Layout, ...]

    def tensors(self) -> torch.Tensor | tuple[torch.Tensor, ...]:
        """New tensors of these layouts."""
        tensors = tuple(
            torch.empty_strided(shape, strides, dtype=dtype, device="meta") for shape, strides, dtype in self.layouts
        )
        return tensors if self.several else tensors[0]


class _NotKeptError(Exception):
    """A call whose result does not follow from the layouts of what it is given."""


@dataclass(slots=True)
class MetaResults:
    """Layouts of the tensors that calls gave, by operator, layouts of their tensors and other arguments."""

    _kept: dict[_Key, _Result] = field(default_factory=dict)
    _pure: dict[object, bool] = field(default_factory=dict)

    def call(self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """What `func` gives, in new storages: as a call would, or as an equal one did.

        Operators that write to their inputs or give views of them are always called, and so is whatever is given a
        tensor with values.
        """
        try:
            key = self._key(func, args, kwargs)
            kept = self._kept.get(key)
        except (_NotKeptError, TypeError):  # TypeError: an argument without a hash
            return func(*args, **kwargs)
        if kept is not None:
            return kept.tensors()
        outputs = func(*args, **kwargs)
        result = _result(outputs, (*args, *kwargs.values()))
        if result is not None:
            self._kept[key] = result
        return outputs

    def _key(self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> _Key:
        pure = self._pure.get(func)
        if pure is None:
            pure = self._pure[func] = _is_pure(func)
        if not pure:
            raise _NotKeptError
        return (func, *map(_argument, args), *((name, _argument(value)) for name, value in kwargs.items()))


def _is_pure(func: Any) -> bool:
    """Whether an operator neither writes to what it is given nor gives a part of it."""
    schema = func._schema
    return all(a.alias_info is None for a in (*schema.arguments, *schema.returns))


def _argument(value: Any) -> object:
    """Key of one argument; numbers carry their type, since 1, 1.0 and True are equal and promote otherwise."""
    if isinstance(value, torch.Tensor):
        if not value.is_meta:
            raise _NotKeptError
        return _layout(value)
    if isinstance(value, list | tuple):
        return tuple(_argument(item) for item in value)
    return type(value), value


def _layout(tensor: torch.Tensor) -> _Layout:
    return tuple(tensor.shape), tensor.stride(), tensor.dtype


def _result(outputs: Any, given: Sequence[Any]) -> _Result | None:
    """What is kept of a call's outputs; None where new tensors of their layouts would not be the same."""
    tensors = outputs if isinstance(outputs, tuple) else (outputs,)
    if not all(isinstance(t, torch.Tensor) and _is_new(t) for t in tensors):
        return None
    # Not every operator that gives its input back says so: aten::_unsafe_view does not.
    storages = [t.untyped_storage()._cdata for t in tensors]
    if len(set(storages)) < len(storages) or not _storages(given).isdisjoint(storages):
        return None
    return _Result(isinstance(outputs, tuple), tuple(_layout(t) for t in tensors))


def _storages(value: Any) -> set[int]:
    """Storages of all tensors in arguments."""
    if isinstance(value, torch.Tensor):
        return {value.untyped_storage()._cdata}
    if isinstance(value, list | tuple):
        return set().union(*map(_storages, value))
    return set()


def _is_new(tensor: torch.Tensor) -> bool:
    """Whether a tensor has all of its storage and no more, as one that was just allocated."""
    if not tensor.is_meta or tensor.storage_offset() or type(tensor) is not torch.Tensor:
        return False
    return tensor.untyped_storage().nbytes() == _extent(tensor) * tensor.element_size()


def _extent(tensor: torch.Tensor) -> int:
    """Elements from the first to the last of a tensor."""
    if not tensor.numel():
        return 0
    return 1 + sum((n - 1) * stride for n, stride in zip(tensor.shape, tensor.stride(), strict=True))
