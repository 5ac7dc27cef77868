"""Kernels that copy or fill one tensor, which several families launch around their own."""

from __future__ import annotations

from dataclasses import replace

from hw_specs import number_format
from simulator.kernels import AccessPattern, Stream, StreamKind
from tracer.graph import TensorSpec

__all__ = ["conversion_kernel", "copy_kernel", "fill_kernel"]


def copy_kernel(name: str, tensor: TensorSpec, pattern: AccessPattern) -> Stream:
    """Read a tensor once and write it once, in another layout or to another place."""
    return Stream(
        name=name,
        kind=StreamKind.COPY,
        number_format=number_format(tensor.dtype),
        bytes_read=float(tensor.nbytes),
        bytes_written=float(tensor.nbytes),
        resident_bytes=float(tensor.nbytes),
        itemsize=tensor.itemsize,
        elements=tensor.numel,
        pattern=pattern,
    )


def conversion_kernel(name: str, tensor: TensorSpec, pattern: AccessPattern) -> Stream:
    """Copy of a tensor that another kernel of the same operator wants in another layout."""
    return replace(copy_kernel(name, tensor, pattern), conversion=True)


def fill_kernel(name: str, tensor: TensorSpec) -> Stream:
    """Write a tensor once."""
    return Stream(
        name=name,
        kind=StreamKind.COPY,
        number_format=number_format(tensor.dtype),
        bytes_written=float(tensor.nbytes),
        itemsize=tensor.itemsize,
        elements=float(tensor.numel),
    )
