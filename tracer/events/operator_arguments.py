"""Operators from the argument lists that profilers record: shapes, types, strides and values by position.

The PyTorch profiler describes argument i of a call by ``Input Dims[i]``, ``Input type[i]``, ``Input Strides[i]`` and
``Concrete Inputs[i]``. A tensor has a C++ type name, a list of tensors the type ``TensorList`` and a list of shapes
without element types; everything else has no shape and a value as text. Results are not recorded: they are inferred.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tracer.graph import AttributeValue, Op, TensorSpec, attributes_from
from tracer.operators import argument_names, infer_outputs

__all__ = ["SCALAR_TYPES", "RecordedArguments", "dtype_of_type", "message_of", "operator_from"]

_DTYPES: Mapping[str, str] = {
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "bfloat16": "bfloat16",
    "long": "int64",
    "long int": "int64",
    "long long": "int64",
    "int": "int32",
    "short": "int16",
    "short int": "int16",
    "char": "int8",
    "signed char": "int8",
    "unsigned char": "uint8",
    "byte": "uint8",
    "bool": "bool",
    "float8_e4m3fn": "float8_e4m3fn",
    "float8_e4m3fnuz": "float8_e4m3fnuz",
    "float8_e5m2": "float8_e5m2",
    "float8_e5m2fnuz": "float8_e5m2fnuz",
    "complex<half>": "complex32",
    "complex<float>": "complex64",
    "complex<double>": "complex128",
    "complexhalf": "complex32",
    "complexfloat": "complex64",
    "complexdouble": "complex128",
    "uint16": "uint16",
    "uint32": "uint32",
    "uint64": "uint64",
    "unsigned short": "uint16",
    "unsigned int": "uint32",
    "unsigned long": "uint64",
}
# Numbers of torch's scalar types (c10/core/ScalarType.h), as recorded for arguments that name a dtype.
_IN_ORDER = (
    "uint8 int8 int16 int32 int64 float16 float32 float64 complex32 complex64 complex128 bool "
    "qint8 quint8 qint32 bfloat16 quint4x2 quint2x4 bits1x8 bits2x4 bits4x2 bits8 bits16 "
    "float8_e5m2 float8_e4m3fn float8_e5m2fnuz float8_e4m3fnuz uint16 uint32 uint64"
)
#: Types of elements by their number.
SCALAR_TYPES = tuple(_IN_ORDER.split())
_DTYPE_ARGUMENTS = frozenset({"dtype", "out_dtype"})
# Generated kernels of TorchInductor: kind of loop, as its names begin.
_TRITON = re.compile(r"triton_(poi|red|per)_fused")
_TRITON_KINDS = {"poi": "triton::pointwise", "red": "triton::reduction", "per": "triton::persistent_reduction"}
#: Collectives by the beginning of their names, the longer ones first.
_COLLECTIVES: tuple[tuple[str, str], ...] = (
    ("allreduce", "all_reduce"),
    ("all_reduce", "all_reduce"),
    ("allgather", "all_gather"),
    ("_allgather", "all_gather"),
    ("all_gather", "all_gather"),
    ("reduce_scatter", "reduce_scatter"),
    ("_reduce_scatter", "reduce_scatter"),
    ("reducescatter", "reduce_scatter"),
    ("all_to_all", "all_to_all"),
    ("alltoall", "all_to_all"),
    ("broadcast", "broadcast"),
    ("_broadcast", "broadcast"),
    ("reduce", "all_reduce"),
    ("gather", "all_gather"),
    ("scatter", "reduce_scatter"),
    ("send", "point_to_point"),
    ("recv", "point_to_point"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedArguments:
    """Arguments of a call by position; shorter lists than `shapes` leave the rest unknown.

    Attributes
    ----------
    shapes, strides : sequence
        Extents of a tensor, a sequence of those for a list of tensors, empty for anything else.
    types : sequence of str
    values : sequence of str
        Text of arguments that are not tensors.
    """

    shapes: Sequence[Any] = ()
    types: Sequence[Any] = ()
    strides: Sequence[Any] = ()
    values: Sequence[Any] = field(default=())


def operator_from(name: str, arguments: RecordedArguments, *, list_dtype: str | None = None) -> Op:
    """Operator of a recorded call, with inferred outputs where its family allows it.

    Parameters
    ----------
    name : str
        As recorded. Generated Triton kernels become ``triton::pointwise``, ``triton::reduction`` or
        ``triton::persistent_reduction`` with the extents of their loops as attributes.
    arguments : RecordedArguments
    list_dtype : str, optional
        Dtype of tensors in lists, which sources leave out; by default that of the first tensor beside them.
    """
    generated = _TRITON.match(name)
    if generated:
        return _generated_kernel(_TRITON_KINDS[generated[1]], arguments)
    names = argument_names(name)
    tensors: list[TensorSpec] = []
    values: dict[str, AttributeValue] = {}
    results: list[TensorSpec] = []
    default = list_dtype or _first_dtype(arguments)
    for position in range(len(arguments.shapes)):
        found = _tensors_at(arguments, position, default)
        argument = names[position] if position < len(names) else ""
        if found and names and (position >= len(names) or argument.endswith("!")):
            results.extend(found)
        elif found:
            tensors.extend(found)
        elif argument:
            value = _value(argument, _item(arguments.values, position), _item(arguments.types, position))
            if value is not None:
                values[argument] = value
    tensors = _without_wrapped_numbers(tensors)
    op = Op(name, tuple(tensors), tuple(results), attributes_from(values))
    return op if results else Op(name, op.inputs, infer_outputs(op), op.attributes)


def dtype_of_type(name: str) -> str | None:
    """torch's name of the dtype of a C++ type name (``c10::BFloat16`` -> ``bfloat16``), None for no tensor type."""
    return _DTYPES.get(re.sub(r"^(c10|at)::|(?<=<)(c10|at)::", "", name.strip()).lower())


def _generated_kernel(name: str, arguments: RecordedArguments) -> Op:
    tensors = [t for i in range(len(arguments.shapes)) for t in _tensors_at(arguments, i, "float32")]
    extents = [_number(v) for v in arguments.values]
    sizes = [e for e in extents if isinstance(e, int)]
    loops = ("xnumel", "rnumel") if len(sizes) > 1 and name != "triton::pointwise" else ("xnumel",)
    known: dict[str, AttributeValue] = dict(zip(loops, sizes[-len(loops) :], strict=False))
    return Op(name, tuple(tensors[:-1]) or tuple(tensors), tuple(tensors[-1:]), attributes_from(known))


def _tensors_at(arguments: RecordedArguments, position: int, default: str) -> list[TensorSpec]:
    shape = arguments.shapes[position]
    kind = str(_item(arguments.types, position) or "")
    strides = _item(arguments.strides, position)
    if kind in ("TensorList", "GenericList"):
        steps = strides if isinstance(strides, list | tuple) else ()
        return [_tensor(s, default, _item(steps, i)) for i, s in enumerate(_sequence(shape)) if _is_shape(s)]
    dtype = dtype_of_type(kind)
    return [] if dtype is None or not _is_shape(shape) else [_tensor(shape, dtype, strides)]


def _tensor(shape: Sequence[int], dtype: str, strides: Any) -> TensorSpec:
    extents = tuple(shape)
    steps = tuple(strides) if _is_shape(strides) and len(strides) == len(extents) else ()
    spec = TensorSpec(extents, dtype, steps)
    return TensorSpec(extents, dtype) if spec.is_contiguous else spec


def _is_shape(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(type(n) is int and n >= 0 for n in value)


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def _item(values: Sequence[Any], position: int) -> Any:
    return values[position] if position < len(values) else None


def _first_dtype(arguments: RecordedArguments) -> str:
    """Dtype of the first tensor that has one: for lists of tensors, whose types are not recorded."""
    found = (dtype_of_type(str(kind)) for kind in arguments.types)
    return next((dtype for dtype in found if dtype is not None), "float32")


def _without_wrapped_numbers(tensors: list[TensorSpec]) -> list[TensorSpec]:
    """Tensors without the Python numbers among them, which are recorded as tensors without extents."""
    if not any(t.shape for t in tensors):
        return tensors
    return [t for t in tensors if t.shape or t.dtype not in ("float64", "int64")]


def _value(argument: str, text: Any, kind: Any) -> AttributeValue:
    if text in (None, "") or kind == "TensorList":
        return None
    value = _number(text)
    if argument in _DTYPE_ARGUMENTS:
        return SCALAR_TYPES[value] if type(value) is int and 0 <= value < len(SCALAR_TYPES) else None
    return value


def _number(text: Any) -> AttributeValue:
    """Number, truth value, or list of those from its text; other text as it is."""
    plain = str(text).strip()
    if plain.startswith("[") and plain.endswith("]"):
        items = [item for item in plain[1:-1].split(",") if item.strip()]
        return tuple(_scalar(item.strip()) for item in items)
    return _scalar(plain) if plain else None


def _scalar(text: str) -> bool | int | float | str:
    if text in ("True", "False"):
        return text == "True"
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        return value if math.isfinite(value) else text
    return text


def message_of(fields: Mapping[str, Any]) -> tuple[str, RecordedArguments] | None:
    """Operator and arguments of a message between ranks; None where an event describes none.

    Since PyTorch 2.3 ``record_param_comms`` and the kernels of NCCL and RCCL say which collective runs, how many
    elements a rank gives and gets, their type and how many ranks take part (``ParamCommsUtils.hpp``: ``kCommsName``,
    ``kInMsgNelems``, ``kOutMsgNelems``, ``kDtype``, ``kGroupSize``), also where shapes are not recorded.

    Parameters
    ----------
    fields : mapping
        What the profiler says beside the call, by names in lower case.
    """
    name = _collective(str(fields.get("collective name", "")).lower())
    sizes = [n for key in ("in msg nelems", "out msg nelems") if type(n := fields.get(key)) is int and n > 0]
    dtype = str(fields.get("dtype", ""))
    if not name or not sizes or dtype_of_type(dtype) is None:
        return None
    ranks = fields.get("group size")
    value = str(ranks) if type(ranks) is int and ranks > 0 else ""
    # The whole message is what a rank gives to a reduction, and what it gets of a gathering.
    return f"message::{name}", RecordedArguments(shapes=[[max(sizes)], []], types=[dtype, "Scalar"], values=["", value])


def _collective(name: str) -> str:
    return next((operator for beginning, operator in _COLLECTIVES if name.startswith(beginning)), "")
