"""Rows of FlashAttention's benchmark."""

from __future__ import annotations

import pytest

from hw_specs import load_accelerator
from simulator.execution import ExecutionError
from simulator.kernels import Attention, AttentionAlgorithm, Stream
from validation.measured.row import Row
from validation.measured.row_kernels import row_kernels

H100, A100 = load_accelerator("h100"), load_accelerator("a100")


def _row(kernel: str, *, causal: bool = False) -> Row:
    shape = [2, 4, 256, 64]
    return Row(
        op="aten::scaled_dot_product_attention",
        shapes=[shape] * 3,
        dtype="float16",
        attributes={"is_causal": causal},
        kernel=kernel,
        source=f"flash-attention {kernel}",
    )


@pytest.mark.parametrize("name", ["flash2", "flash3", "cudnn", "efficient"])
def test_every_row_names_its_kernel(name: str) -> None:
    (kernel,) = row_kernels(_row(name), H100)
    assert isinstance(kernel, Attention)
    assert kernel.algorithm == AttentionAlgorithm[name.upper()]


def test_the_mask_is_made_of_float32_and_converted() -> None:
    """256 x 256: written as float32, read and written by triu, read as float32 and written as half."""
    made = row_kernels(_row("naive", causal=True), A100)[:3]
    assert all(isinstance(kernel, Stream) for kernel in made)
    assert [kernel.bytes_read + kernel.bytes_written for kernel in made] == [4 * 65536, 8 * 65536, 6 * 65536]


def test_a_kernel_that_the_part_lacks_is_not_predicted() -> None:
    with pytest.raises(ExecutionError, match="does not exist on A100"):
        row_kernels(_row("flash3"), A100)
