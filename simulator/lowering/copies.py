"""Kernels that copy or fill one tensor, which several families launch around their own."""

from __future__ import annotations

from hw_specs import number_format
from simulator.kernels import AccessPattern, Implementation, Kernel, KernelFamily
from tracer.graph import TensorSpec

__all__ = ["copy_kernel", "fill_kernel"]


def copy_kernel(
    name: str, tensor: TensorSpec, pattern: AccessPattern, implementation: Implementation = Implementation.DEFAULT
) -> Kernel:
    """Read a tensor once and write it once, in another layout or to another place."""
    return Kernel(
        name=name,
        family=KernelFamily.COPY,
        implementation=implementation,
        number_format=number_format(tensor.dtype),
        bytes_read=float(tensor.nbytes),
        bytes_written=float(tensor.nbytes),
        resident_bytes=float(tensor.nbytes),
        itemsize=tensor.itemsize,
        m=tensor.numel,
        pattern=pattern,
    )


def fill_kernel(name: str, tensor: TensorSpec) -> Kernel:
    """Write a tensor once."""
    return Kernel(
        name=name,
        family=KernelFamily.COPY,
        number_format=number_format(tensor.dtype),
        bytes_written=float(tensor.nbytes),
        itemsize=tensor.itemsize,
        m=float(tensor.numel),
    )
