"""Number formats of torch by name, and how large their elements are."""

from collections.abc import Mapping

__all__ = ["BITS"]

BITS: Mapping[str, int] = {
    "bool": 8,
    "uint8": 8,
    "int8": 8,
    "int16": 16,
    "int32": 32,
    "int64": 64,
    "float64": 64,
    "float32": 32,
    "float16": 16,
    "bfloat16": 16,
    "float8_e4m3fn": 8,
    "float8_e4m3fnuz": 8,
    "float8_e5m2": 8,
    "float8_e5m2fnuz": 8,
    "float4_e2m1fn_x2": 4,
    "complex32": 32,
    "complex64": 64,
    "complex128": 128,
    "uint16": 16,
    "uint32": 32,
    "uint64": 64,
    "int4": 4,
}
"""Bits per element of every torch dtype that can occur in a graph. Sub-byte formats are packed. [bit]"""
