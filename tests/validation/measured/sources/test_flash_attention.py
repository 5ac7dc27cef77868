"""Rows of FlashAttention's benchmark."""

from __future__ import annotations

import pytest

from hw_specs import load_accelerator
from simulator.execution import ExecutionError
from simulator.kernels import Attention, AttentionAlgorithm, Stream
from validation.measured.row import Row
from validation.measured.row_kernels import row_kernels

H100, A100 = load_accelerator("h100"), load_accelerator("a100")


def _row(kernel: str, *, causal: bool = False, backward: bool = False) -> Row:
    shape = [2, 4, 256, 64]
    return Row(
        op="aten::scaled_dot_product_attention",
        shapes=[shape] * 3,
        dtype="float16",
        attributes={"is_causal": causal, "backward": backward},
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


@pytest.mark.parametrize("name", ["flash2", "efficient"])
def test_gradients_follow_the_call(name: str) -> None:
    """Five products in place of two, whatever else the kernels do."""
    forward, *backward = row_kernels(_row(name, backward=True), A100)
    (alone,) = row_kernels(_row(name), A100)
    assert forward == alone
    assert sum(kernel.matrix_flops for kernel in backward) == 2.5 * alone.matrix_flops


def test_gradients_of_a_kernel_without_any_are_not_predicted() -> None:
    with pytest.raises(LookupError, match="backward pass of attention flash3 is not modelled"):
        row_kernels(_row("flash3", backward=True), H100)
