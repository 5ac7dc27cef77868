"""Kernels that copy or fill one tensor."""

from __future__ import annotations

from simulator.kernels import AccessPattern, StreamKind
from simulator.lowering.memory_bound.copies import conversion_kernel, copy_kernel, fill_kernel
from tracer.graph import TensorSpec


def test_reads_and_writes_every_element_once():
    kernel = copy_kernel("split_heads", TensorSpec((4, 8), "float32"), AccessPattern.TRANSPOSED)
    assert (kernel.name, kernel.kind, kernel.pattern) == ("split_heads", StreamKind.COPY, AccessPattern.TRANSPOSED)
    assert (kernel.bytes_read, kernel.bytes_written, kernel.resident_bytes) == (128, 128, 128)
    assert (kernel.elements, kernel.itemsize, kernel.number_format) == (32, 4, "fp32")
    assert (kernel.matrix_flops, kernel.vector_flops) == (0, 0)


def test_a_conversion_says_that_it_is_one():
    tensor = TensorSpec((4, 8), "float32")
    plain = copy_kernel("to_channels_last", tensor, AccessPattern.TRANSPOSED)
    converting = conversion_kernel("to_channels_last", tensor, AccessPattern.TRANSPOSED)
    assert (plain.conversion, converting.conversion) == (False, True)
    assert converting.bytes_read == plain.bytes_read


def test_a_fill_only_writes():
    kernel = fill_kernel("fill", TensorSpec((4, 8), "float16"))
    assert (kernel.bytes_read, kernel.bytes_written, kernel.elements) == (0, 64, 32)
