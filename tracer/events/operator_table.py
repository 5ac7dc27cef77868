"""Distinct names and operators of a trace while it is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import msgspec
import numpy as np

from tracer.graph import IndexArray, Op, TensorSpec, attributes_from, impossible_tensor
from tracer.operators import COLLECTIVES, kind_of
from tracer.trace import TraceFormatError

from .operator_arguments import RecordedArguments, operator_from

__all__ = ["Names", "OperatorTable"]


class Names:
    """Distinct texts and their numbers."""

    def __init__(self) -> None:
        """No names yet."""
        self._numbers: dict[str, int] = {}

    def number(self, name: str) -> int:
        """Number of a name."""
        found = self._numbers.get(name)
        if found is None:
            text = _text(str(name))
            found = self._numbers.setdefault(text, len(self._numbers))
        return found

    def all(self) -> tuple[str, ...]:
        """Names in the order of their numbers."""
        return tuple(self._numbers)


def _text(name: str) -> str:
    """A name that is text: half of a surrogate pair is no character, and no file and no terminal takes it."""
    if any("\ud800" <= character <= "\udfff" for character in name):
        shown = name.encode("utf-8", errors="backslashreplace").decode("utf-8")[:80]
        raise TraceFormatError(f"the name {shown} has half of a surrogate pair, which is no character")
    return name


class OperatorTable:
    """Distinct operators; those with lists of tensors wait for the dtype that such lists do not record."""

    # Distinct argument lists that are remembered; values such as offsets of slices make more of them than operators.
    _MEMO = 100_000

    def __init__(self) -> None:
        """No operators yet."""
        self._numbers: dict[bytes, int] = {}
        self._recorded: list[tuple[str, RecordedArguments] | Op] = []
        self._known: dict[Op, int] = {}

    def number(self, name: str, arguments: RecordedArguments) -> int:
        """Number of the operator of a call; -1 where its tensors cannot be.

        Raises
        ------
        TraceFormatError
            Its name is no text.
        OverflowError
            An extent has more than 64 bits.
        """
        try:
            key = msgspec.json.encode((name, arguments.shapes, arguments.types, arguments.strides, arguments.values))
        except UnicodeEncodeError:
            _text(" ".join(map(str, (name, *arguments.types, *arguments.values))))
            raise
        if key not in self._numbers:
            if len(self._numbers) > self._MEMO:
                self._numbers.clear()
            self._numbers[key] = self._new(name, arguments)
        return self._numbers[key]

    def _new(self, name: str, arguments: RecordedArguments) -> int:
        if _cannot_be(operator_from(name, arguments, list_dtype="float32")):
            return -1
        if any(kind in ("TensorList", "GenericList") for kind in arguments.types):
            self._recorded.append((name, arguments))
            return len(self._recorded) - 1
        op = operator_from(name, arguments)
        if op not in self._known:
            self._known[op] = len(self._recorded)
            self._recorded.append(op)
        return self._known[op]

    def resolve(self, calls: IndexArray, *, num_devices: int = 1) -> tuple[tuple[Op, ...], IndexArray]:
        """Distinct operators that are called, and the calls renumbered.

        Collectives that do not say how many ranks take part get the devices of the run (``num_gpus``).
        """
        count = np.bincount(calls, minlength=len(self._recorded))
        usual = self._usual_dtype(count)
        numbers: dict[Op, int] = {}
        renumber = np.zeros(len(self._recorded), dtype=np.int64)
        for index, item in enumerate(self._recorded):
            if count[index]:
                op = item if isinstance(item, Op) else operator_from(*item, list_dtype=usual)
                renumber[index] = numbers.setdefault(_with_ranks(op, num_devices), len(numbers))
        return tuple(numbers), renumber[calls] if len(renumber) else calls

    def _usual_dtype(self, count: IndexArray) -> str:
        """Floating-point dtype that most tensors of the calls have."""
        seen: Counter[str] = Counter()
        for index, item in enumerate(self._recorded):
            if isinstance(item, Op):
                for tensor in _floating(item.inputs):
                    seen[tensor.dtype] += int(count[index])
        return seen.most_common(1)[0][0] if seen else "float32"


def _cannot_be(op: Op) -> bool:
    """Whether an operator has a tensor that no memory holds."""
    tensors = (*op.inputs, *op.outputs)
    if any(abs(number) >= 2**63 for tensor in tensors for number in (*tensor.shape, *tensor.strides)):
        raise OverflowError
    return bool(impossible_tensor((op,)))


def _with_ranks(op: Op, num_devices: int) -> Op:
    if num_devices < 2 or kind_of(op.name) not in COLLECTIVES or op.attribute("group_size") is not None:
        return op
    return replace(op, attributes=attributes_from({**dict(op.attributes), "num_gpus": num_devices}))


def _floating(tensors: Iterable[TensorSpec]) -> Iterable[TensorSpec]:
    return (t for t in tensors if t.dtype.startswith(("float", "bfloat")) and t.dtype != "float64")
