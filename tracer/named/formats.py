"""Dtypes that names of kernels tell."""

from __future__ import annotations

import re

from tracer.events.kernel_names import named_work

__all__ = ["element_dtype", "multiplied_dtype"]

# torch's names of the dtypes that library kernels multiply in, by number format.
_MULTIPLIED = {
    "fp8": "float8_e4m3fn",
    "int8": "int8",
    "bf16": "bfloat16",
    "fp16": "float16",
    "tf32": "float32",
    "fp32": "float32",
}
# Of C++ type names in template arguments and lambdas of ATen, and of what Triton and engines write.
_ELEMENTS = (
    ("bfloat16", r"BFloat16|bfloat16|bf16"),
    ("float16", r"\bHalf\b|c10::Half|__half|half_t|fp16|\bhalf\b"),
    ("float8_e4m3fn", r"Float8_e4m3\w*|e4m3"),
    ("float64", r"\bdouble\b"),
    ("float32", r"\bfloat\b|fp32"),
    ("int64", r"\blong\b|\bint64_t\b"),
    ("int32", r"\bint\b"),
    ("bool", r"\bbool\b"),
    ("uint8", r"\bunsigned char\b"),
)
_PATTERNS = tuple((dtype, re.compile(pattern)) for dtype, pattern in _ELEMENTS)
_OPAQUE = re.compile(r"OpaqueType<(\d+)")
_OF_BYTES = {1: "uint8", 2: "bfloat16", 4: "float32", 8: "float64"}


def multiplied_dtype(name: str) -> str:
    """Dtype of what a kernel multiplies; two bytes an element where its name does not tell."""
    return _MULTIPLIED.get(named_work(name).number_format, "bfloat16")


def element_dtype(text: str, default: str = "bfloat16") -> str:
    """Dtype that is named first."""
    opaque = _OPAQUE.search(text)
    if opaque:
        return _OF_BYTES.get(int(opaque[1]), default)
    found = [(match.start(), dtype) for dtype, pattern in _PATTERNS if (match := pattern.search(text))]
    return min(found)[1] if found else default
