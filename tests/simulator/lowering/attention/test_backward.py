"""The backward pass of attention: three kernels where it is fused, products and a softmax where it is not."""

from __future__ import annotations

import pytest

from hw_specs import load_accelerator
from simulator.execution import Execution
from simulator.kernels import Attention, AttentionAlgorithm
from simulator.lowering import execution_on, kernels_of

_QUERY, _KEY, _VALUE = (2, 3, 16, 8), (2, 3, 10, 8), (2, 3, 10, 4)
_OUT = (2, 3, 16, 4)
_INPUTS = [_OUT, _QUERY, _KEY, _VALUE, _OUT]


@pytest.fixture(scope="module")
def on_a100() -> Execution:
    """Execution that knows the kernels of an accelerator."""
    return execution_on(load_accelerator("a100_sxm4_80gb"))


def test_a_fused_pass_is_sums_of_rows_then_five_products_then_a_conversion(call, on_a100):
    op = call("_scaled_dot_product_flash_attention_backward", _INPUTS, [_QUERY, _KEY, _VALUE])
    sums, main, convert = kernels_of(op, on_a100)
    assert isinstance(main, Attention)
    # 16 x 10 scores of 6 heads; three products over 8 elements and two over 4, two FLOPs each.
    assert main.matrix_flops == 2 * 6 * 160 * (3 * 8 + 2 * 4)
    assert (main.special_ops, main.products) == (6 * 160, 2.5)
    assert main.algorithm == AttentionAlgorithm.FLASH2
    # Blocks are tiles of keys that walk over queries.
    assert (main.query_length, main.key_length) == (10, 16)
    query = 6 * 16 * 8
    assert (sums.elements, sums.reduced_length) == (6 * 16, 8)
    # The query's gradient is added up in float32 and brought to two bytes an element.
    assert (convert.bytes_read, convert.bytes_written) == (4 * query, 2 * query)


def test_a_causal_mask_leaves_half_of_the_scores_and_of_the_diagonal(call, on_a100):
    inputs = [(1, 1, 8, 4)] * 5
    op = call("training::attention_backward", inputs, inputs[:3], is_causal=True)
    main = kernels_of(op, on_a100)[1]
    assert main.matrix_flops == 2 * 36 * 5 * 4


def test_in_float32_no_tf32_product_is_lost(call, on_a100):
    op = call("_scaled_dot_product_efficient_attention_backward", _INPUTS, [_QUERY, _KEY, _VALUE], dtype="float32")
    assert kernels_of(op, on_a100)[1].algorithm == AttentionAlgorithm.SPLIT_FLOAT32


def test_separate_products_are_four_and_the_gradient_of_a_softmax(call):
    op = call("training::attention_backward", _INPUTS, [_QUERY, _KEY, _VALUE])
    kernels = kernels_of(op, Execution(attention="naive"))
    names = [kernel.name for kernel in kernels]
    assert names == ["value_gradient", "probability_gradient", "softmax_backward", "query_gradient", "key_gradient"]
    flops = [kernel.matrix_flops for kernel in kernels]
    assert flops == [2 * 6 * 160 * 4, 2 * 6 * 160 * 4, 0, 2 * 6 * 160 * 8, 2 * 6 * 160 * 8]
    assert (kernels[2].rows, kernels[2].row_length) == (6 * 16, 10)
