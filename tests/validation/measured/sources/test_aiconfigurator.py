"""Rows of aiconfigurator."""

from __future__ import annotations

import pytest

from hw_specs import load_accelerator
from simulator.kernels import AttentionAlgorithm, Product, RowWise, Scatter
from validation.measured.row import Row
from validation.measured.row_kernels import row_kernels
from validation.measured.sources.aiconfigurator import one_byte_messages

A100, H100, GB200 = (load_accelerator(name) for name in ("a100", "h100", "gb200"))
_CACHE = 50 * 2**20  # of an H100


def _linear(size: int, rows: int = 1, source: str = "aiconfigurator", dtype: str = "bfloat16") -> Row:
    return Row(op="aten::linear", shapes=[[rows, size], [size, size]], dtype=dtype, attributes={}, source=source)


def test_weights_are_warm_as_far_as_six_copies_of_them_fit() -> None:
    (small,) = row_kernels(_linear(512), H100)
    (large,) = row_kernels(_linear(8192), H100)
    assert small.resident_bytes == small.bytes_read == 2 * (512 + 512**2)
    assert large.resident_bytes == 2 * 8192
    # Six copies of 2 * 2048 * 2048 bytes, an input and an output of 4096: 0.96 of the cache, so 0.58 of the weights.
    (middle,) = row_kernels(_linear(2048), H100)
    share = 2.5 - 2.0 * (6 * 2 * 2048**2 + 2 * 4096) / _CACHE
    assert middle.resident_bytes == pytest.approx(4096 + share * 2 * 2048**2)


def test_power_was_metered_over_one_copy() -> None:
    (large,) = row_kernels(_linear(8192, source="aiconfigurator VLLM"), H100)
    assert large.resident_bytes == large.bytes_read


def test_eight_bit_layers_quantise_their_input_first() -> None:
    quantise, product = row_kernels(_linear(256, rows=128, dtype="float8_e4m3fn"), H100)
    assert isinstance(quantise, RowWise)
    assert (quantise.rows, quantise.row_length) == (128, 256)
    assert (quantise.bytes_read, quantise.bytes_written) == (2 * 128 * 256, 128 * 256)
    assert isinstance(product, Product)
    assert (product.m, product.n, product.k) == (128, 256, 256)
    assert (product.bytes_read, product.bytes_written) == (128 * 256 + 256 * 256, 2 * 128 * 256)
    assert {quantise.number_format, product.number_format} == {"fp8"}


def _attention(kernel: str) -> Row:
    shapes = [[2, 8, 64, 128], [2, 2, 64, 128], [2, 2, 64, 128]]
    attributes = {"is_causal": True, "enable_gqa": True}
    op = "aten::scaled_dot_product_attention"
    return Row(op=op, shapes=shapes, dtype="bfloat16", attributes=attributes, kernel=kernel, source="aiconfigurator")


def test_attention_of_a_serving_engine_writes_keys_and_values_to_pages() -> None:
    attention, write = row_kernels(_attention("vllm_flash_attn_fa3"), H100)
    assert attention.bytes_read == 2 * 64 * 128 * (2 * 8 + 2 * 2 * 2)
    assert isinstance(write, Scatter)
    assert (write.rows, write.row_length) == (128, 256)
    # Keys and values of 128 tokens, and 8 bytes for the slot of each.
    assert (write.bytes_read, write.bytes_written) == (2 * 2 * 128 * 256 + 8 * 128, 2 * 2 * 128 * 256)


@pytest.mark.parametrize(
    ("kernel", "algorithm"),
    [
        ("vllm_flash_attn_fa2", AttentionAlgorithm.FLASH2_PAGED),
        ("vllm_flash_attn_fa3", AttentionAlgorithm.FLASH3),
        ("vllm_flashinfer_trtllmprefill", AttentionAlgorithm.TRTLLM),
    ],
)
def test_its_name_tells_the_kernel(kernel: str, algorithm: AttentionAlgorithm) -> None:
    part = load_accelerator("b200") if algorithm == AttentionAlgorithm.TRTLLM else H100
    attention, _ = row_kernels(_attention(kernel), part)
    assert attention.algorithm == algorithm


def test_vision_encoders_keep_no_cache() -> None:
    (attention,) = row_kernels(_attention("vllm_vit_flash_attn_fa2"), H100)
    assert attention.algorithm == AttentionAlgorithm.FLASH2


@pytest.mark.parametrize(
    ("part", "algorithm"),
    [(A100, AttentionAlgorithm.FLASH2), (H100, AttentionAlgorithm.FLASH3), (GB200, AttentionAlgorithm.FLASH4)],
)
def test_without_a_name_it_is_the_newest_kernel_of_the_part(part, algorithm) -> None:
    (attention,) = row_kernels(_attention(""), part)
    assert attention.algorithm == algorithm


def test_the_faster_of_two_equal_messages_has_one_byte_elements() -> None:
    plain = {"op": "c10d::all_reduce", "input_shapes": "[[64]]", "attributes": "{}", "dtype": "float16"}
    rows = [{**plain, "latency_s": seconds} for seconds in ("2e-5", "1e-5", "x")]
    assert [row["dtype"] for row in one_byte_messages(rows)] == ["float16", "int8", "float16"]
    other = {**plain, "op": "aten::relu", "latency_s": "1e-5"}
    assert one_byte_messages([other]) == [other]
