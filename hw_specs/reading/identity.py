"""Objects as keys of what is kept of them: each equal to itself alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Same"]

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, eq=False)
class Same(Generic[Value]):
    """A key that holds an object which never changes, as records and graphs do, and is equal where that is the same.

    Records hold dictionaries and graphs hold arrays, and so neither can be keys themselves. What is kept by a key of
    this kind keeps the object alive, so that no other one can take its place in memory.

    Examples
    --------
    >>> one, other = [1.0], [1.0]
    >>> Same(one) == Same(one), Same(one) == Same(other)
    (True, False)
    """

    value: Value

    def __eq__(self, other: object) -> bool:
        """Whether both hold one and the same object."""
        return isinstance(other, Same) and other.value is self.value

    def __hash__(self) -> int:
        """Of the object's identity."""
        return id(self.value)
