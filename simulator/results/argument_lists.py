"""Argument lists of operators as profilers record them: the way back from :mod:`tracer.events.operator_arguments`.

The PyTorch profiler writes every argument of a call at its position in the schema (``torch/csrc/profiler``, as
``Input Dims``, ``Input type``, ``Input Strides`` and ``Concrete Inputs``): of a tensor shape, C++ type and strides, of
a list of tensors those of its members under the type ``TensorList``, of anything else the value as text.
"""

from __future__ import annotations

from collections.abc import Iterator

from tracer.events.operator_arguments import SCALAR_TYPES, RecordedArguments
from tracer.graph import AttributeValue, Op, TensorSpec
from tracer.operators import argument_names

__all__ = ["profiler_type", "recorded_from"]

_OWN_TYPES = {"float16": "Half", "bfloat16": "BFloat16"}
_TYPES = {
    "float32": "float",
    "float64": "double",
    "int64": "long int",
    "int32": "int",
    "int16": "short int",
    "int8": "signed char",
    "uint8": "unsigned char",
    "complex64": "c10::complex<float>",
    "complex128": "c10::complex<double>",
}
# Arguments that are a list of tensors.
_LISTS = frozenset({"tensors"})

#: What stands at a position: a tensor, a list of them, or the value of anything else.
Argument = TensorSpec | list[TensorSpec] | AttributeValue


def profiler_type(dtype: str) -> str:
    """C++ name of a dtype of torch, as the profiler writes it."""
    if dtype in _OWN_TYPES or dtype.startswith("float8"):
        return f"c10::{_OWN_TYPES.get(dtype, dtype.capitalize())}"
    return _TYPES.get(dtype, dtype)


def recorded_from(op: Op) -> RecordedArguments:
    """Arguments of a call by position.

    Tensors stand where no attribute does, in their order. What the declaration of the operator does not name stands
    after them, where :func:`~tracer.events.operator_arguments.operator_from` does not look.
    """
    found = list(_arguments(op))
    return RecordedArguments(
        shapes=[_shape(each) for each in found],
        types=[_type(each) for each in found],
        strides=[_strides(each) for each in found],
        values=[_text(each) for each in found],
    )


def _arguments(op: Op) -> Iterator[Argument]:
    names, attributes, tensors = argument_names(op.name), dict(op.attributes), list(op.inputs)
    for name in names:
        if name in attributes:
            value = attributes.pop(name)
            yield SCALAR_TYPES.index(value) if name.endswith("dtype") and value in SCALAR_TYPES else value
        elif name in _LISTS:
            yield tensors[:]
            tensors.clear()
        else:
            yield tensors.pop(0) if tensors else None
    yield from tensors
    yield from attributes.values()


def _shape(argument: Argument) -> list[int] | list[list[int]]:
    if isinstance(argument, list):
        return [list(tensor.shape) for tensor in argument]
    return list(argument.shape) if isinstance(argument, TensorSpec) else []


def _strides(argument: Argument) -> list[int] | list[list[int]]:
    if isinstance(argument, list):
        return [_steps(tensor) for tensor in argument]
    return _steps(argument) if isinstance(argument, TensorSpec) else []


def _steps(tensor: TensorSpec) -> list[int]:
    """Steps of each axis, those of row-major order where the tensor has it."""
    if tensor.strides:
        return list(tensor.strides)
    steps = [1]
    for extent in reversed(tensor.shape[1:]):
        steps.append(steps[-1] * extent)
    return steps[len(tensor.shape) - 1 :: -1] if tensor.shape else []


def _type(argument: Argument) -> str:
    if isinstance(argument, list):
        return "TensorList"
    if isinstance(argument, TensorSpec):
        return profiler_type(argument.dtype)
    return "" if argument is None else "ScalarList" if isinstance(argument, tuple) else "Scalar"


def _text(argument: Argument) -> str:
    if argument is None or isinstance(argument, TensorSpec | list):
        return ""
    return f"[{', '.join(map(str, argument))}]" if isinstance(argument, tuple) else str(argument)
