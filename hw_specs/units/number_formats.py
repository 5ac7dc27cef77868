"""Short names of number formats (``fp16``, ``bf16``) and their counterparts among torch's dtypes."""

from __future__ import annotations

from hw_specs.errors import SpecError
from hw_specs.terminal.meanings import did_you_mean

__all__ = ["FORMAT_BITS", "format_bits", "number_format", "torch_dtype"]

FORMAT_BITS = {
    "fp64": 64,
    "fp32": 32,
    "tf32": 32,
    "fp16": 16,
    "bf16": 16,
    "fp8": 8,
    "fp6": 6,
    "fp4": 4,
    "int64": 64,
    "int32": 32,
    "int16": 16,
    "int8": 8,
    "int4": 4,
}
"""Bits per element in memory. tf32 is fp32 in memory and rounded inside the matrix unit."""

_FORMAT_OF_TORCH = {
    "float64": "fp64",
    "double": "fp64",
    "float32": "fp32",
    "float": "fp32",
    "float16": "fp16",
    "half": "fp16",
    "bfloat16": "bf16",
    "float8_e4m3fn": "fp8",
    "float8_e4m3fnuz": "fp8",
    "float8_e5m2": "fp8",
    "float8_e5m2fnuz": "fp8",
    "float8_e8m0fnu": "fp8",
    "float4_e2m1fn_x2": "fp4",
    "complex32": "fp16",
    "complex64": "fp32",
    "complex128": "fp64",
    "bool": "int8",
    "uint8": "int8",
    "int8": "int8",
    "qint8": "int8",
    "int16": "int16",
    "uint16": "int16",
    "int32": "int32",
    "uint32": "int32",
    "int64": "int64",
    "uint64": "int64",
    "int4": "int4",
    "uint4": "int4",
}

_TORCH_OF_FORMAT = {
    "fp64": "float64",
    "fp32": "float32",
    "tf32": "float32",
    "fp16": "float16",
    "bf16": "bfloat16",
    "fp8": "float8_e4m3fn",
    "fp4": "float4_e2m1fn_x2",
    "int64": "int64",
    "int32": "int32",
    "int16": "int16",
    "int8": "int8",
    "int4": "int4",
}


def number_format(dtype: str) -> str:
    """Short name of the format that arithmetic on a torch dtype runs in.

    Parameters
    ----------
    dtype
        A torch dtype as ``"float16"`` or ``"torch.float16"``, or a short name, which is returned as it is.
        Complex dtypes give the format of their parts.

    Raises
    ------
    SpecError
        If neither a dtype nor a short name is meant.
    """
    key = dtype.lower().removeprefix("torch.")
    if key in FORMAT_BITS:
        return key
    if key in _FORMAT_OF_TORCH:
        return _FORMAT_OF_TORCH[key]
    raise _unknown(dtype)


def torch_dtype(name: str) -> str:
    """Torch's name of a number format: ``"bf16"`` gives ``"bfloat16"``; torch's own names are kept.

    Raises
    ------
    SpecError
        If neither is meant, or torch has no dtype for the format (``fp6``).
    """
    key = name.lower().removeprefix("torch.")
    if key in _TORCH_OF_FORMAT:
        return _TORCH_OF_FORMAT[key]
    if key in _FORMAT_OF_TORCH:
        return {"half": "float16", "float": "float32", "double": "float64"}.get(key, key)
    if key in FORMAT_BITS:
        raise SpecError(f"number format {name!r}: no dtype of torch; valid are {_listed(_TORCH_OF_FORMAT)}")
    raise _unknown(name)


def format_bits(dtype: str) -> int:
    """Bits of one element in memory of a short format name or a real torch dtype. [bit]"""
    return FORMAT_BITS[number_format(dtype)]


def _listed(names: dict[str, str] | dict[str, int]) -> str:
    return ", ".join(names)


def _unknown(name: str) -> SpecError:
    hint = did_you_mean(name, [*FORMAT_BITS, *_FORMAT_OF_TORCH])
    known = _listed(FORMAT_BITS)
    return SpecError(f"number format {name!r}: unknown; valid are {known} or a torch dtype{hint}")
