from __future__ import annotations

import pytest

from simulator.kernels import AttentionAlgorithm, Kernel, RowKind, StreamKind
from validation.measured.operators import MeasuredRow, has_reader, kernels_of_row


def row(op: str, shapes: list[list[int]], **changes: object) -> MeasuredRow:
    plain = MeasuredRow(
        op=op,
        shapes=shapes,
        attributes={},
        kernel="",
        source="neusight",
        number_format="fp32",
        itemsize=4.0,
        cache=4e7,
    )
    return plain._replace(**changes)


def only(kernels: tuple[Kernel, ...]) -> Kernel:
    (kernel,) = kernels
    return kernel


def test_a_linear_layer_by_hand() -> None:
    kernel = only(kernels_of_row(row("aten::linear", [[8, 16, 32], [64, 32]])))
    assert (kernel.m, kernel.n, kernel.k) == (128, 64, 32)
    assert kernel.matrix_flops == 2 * 128 * 64 * 32
    assert kernel.bytes_read == 4 * (128 * 32 + 32 * 64)
    assert kernel.bytes_written == 4 * 128 * 64


def test_elementwise_operators_move_their_tensors_once() -> None:
    kernel = only(kernels_of_row(row("aten::add", [[1024, 1024], [1024, 1024]])))
    assert kernel.kind == StreamKind.ELEMENTWISE
    assert (kernel.bytes_read, kernel.bytes_written) == (2 * 4 * 2**20, 4 * 2**20)


def test_softmax_has_a_row_for_each_line() -> None:
    kernel = only(kernels_of_row(row("aten::softmax", [[512, 2048]], attributes={"dim": -1})))
    assert (kernel.kind, kernel.rows, kernel.row_length) == (RowKind.SOFTMAX, 512, 2048)


def test_other_sources_have_no_reader() -> None:
    assert has_reader("aten::linear", "neusight")
    assert has_reader("aten::linear", "aiconfigurator VLLM")
    assert not has_reader("aten::linear", "roofcast")
    assert not has_reader("aten::group_norm", "neusight")


def test_an_operator_without_a_reader_is_named() -> None:
    with pytest.raises(LookupError, match="aten::cholesky"):
        kernels_of_row(row("aten::cholesky", [[4, 4]]))


@pytest.mark.parametrize(
    ("architecture", "algorithm"),
    [
        ("ampere", AttentionAlgorithm.FLASH2),
        ("hopper", AttentionAlgorithm.FLASH3),
        ("blackwell", AttentionAlgorithm.FLASH4),
    ],
)
def test_attention_without_a_kernel_name_is_what_the_source_takes_there(architecture, algorithm) -> None:
    shapes = [[1, 8, 256, 64]] * 3
    unnamed = row("aten::scaled_dot_product_attention", shapes, source="aiconfigurator", architecture=architecture)
    assert only(kernels_of_row(unnamed)).algorithm == algorithm
