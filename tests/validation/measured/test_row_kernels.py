"""Kernels of rows of measured operator calls."""

from __future__ import annotations

import json

import pytest

from hw_specs import load_accelerator
from simulator.kernels import AttentionAlgorithm
from validation.measured.row import row_of
from validation.measured.row_kernels import row_kernels

H100 = load_accelerator("h100")


def record(op: str, shapes: object, **changes: str) -> dict[str, str]:
    plain = {"device": "NVIDIA H100 SXM", "op": op, "input_shapes": json.dumps(shapes), "dtype": "bfloat16"}
    return {**plain, "attributes": "{}", "latency_s": "1e-5", "kernel": "", "source": "roofcast", **changes}


# One call of each kind that a campaign measures or a table of this format could hold.
CALLS: list[tuple[str, list[list[int]], dict[str, object]]] = [
    ("aten::conv1d", [[4, 8, 16], [8, 8, 3]], {"padding": [1]}),
    ("aten::conv3d", [[1, 8, 4, 16, 16], [8, 8, 3, 3, 3]], {"padding": [1, 1, 1]}),
    ("aten::conv_transpose2d", [[1, 8, 16, 16], [8, 4, 2, 2]], {"stride": [2, 2]}),
    ("aten::convolution", [[1, 8, 16, 16], [4, 8, 3, 3]], {"stride": [1, 1], "padding": [1, 1]}),
    ("aten::group_norm", [[2, 32, 64]], {"num_groups": 8}),
    ("aten::native_layer_norm", [[16, 64]], {"normalized_shape": [64]}),
    ("aten::rms_norm", [[16, 64]], {}),
    ("aten::batch_norm", [[2, 32, 8, 8]], {}),
    ("aten::_softmax", [[16, 64]], {"dim": -1}),
    ("aten::silu", [[1024]], {}),
    ("aten::gelu", [[1024]], {"approximate": "tanh"}),
    ("aten::embedding", [[1000, 64], [2, 16]], {}),
    ("aten::cat", [[2, 8, 4], [2, 4, 4]], {"dim": 1}),
    ("aten::upsample_nearest2d", [[1, 8, 4, 4]], {"output_size": [8, 8]}),
    ("aten::matmul", [[2, 16, 8], [8, 4]], {}),
    ("aten::mm", [[16, 8], [8, 4]], {}),
    ("aten::addmm", [[4], [16, 8], [8, 4]], {}),
    ("aten::baddbmm", [[2, 16, 4], [2, 16, 8], [2, 8, 4]], {}),
    ("aten::mean", [[16, 64]], {"dim": [-1]}),
    ("aten::sum", [[16, 64]], {"dim": -1}),
    ("aten::max", [[16, 64]], {"dim": -1}),
    ("aten::clone", [[8, 16]], {"input_strides": [[1, 8]]}),
    ("aten::copy_", [[8, 16], [8, 16]], {}),
    ("aten::index_select", [[64, 8], [16]], {"dim": 0}),
    ("aten::constant_pad_nd", [[1, 8, 4, 4]], {"pad": [0, 1, 0, 1]}),
    ("aten::avg_pool2d", [[1, 8, 4, 4]], {"kernel_size": [2, 2]}),
    ("c10d::all_reduce", [[4096]], {"num_gpus": 8}),
    ("aten::scaled_dot_product_attention", [[1, 8, 16, 64]] * 3, {"is_causal": True}),
]


@pytest.mark.parametrize(("op", "shapes", "attributes"), CALLS, ids=[call[0] for call in CALLS])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_every_kind_of_call_has_kernels(
    op: str, shapes: list[list[int]], attributes: dict[str, object], dtype: str
) -> None:
    row = record(op, shapes, dtype=dtype, attributes=json.dumps(attributes))
    kernels = row_kernels(row_of(row), H100)
    assert kernels
    assert sum(kernel.bytes_read + kernel.bytes_written for kernel in kernels) > 0


def test_inputs_are_in_the_cache_unless_the_row_says_cold() -> None:
    (warm,) = row_kernels(row_of(record("aten::relu", [[1024]])), H100)
    (cold,) = row_kernels(row_of(record("aten::relu", [[1024]], attributes='{"cache": "cold"}')), H100)
    assert (warm.resident_bytes, cold.resident_bytes) == (2048.0, 0.0)


@pytest.mark.parametrize(
    ("kernel", "algorithm"),
    [
        ("", AttentionAlgorithm.CUDNN),
        ("pytorch_flash::flash_fwd_kernel", AttentionAlgorithm.FLASH2),
        ("cudnn_generated_fort_native_sdpa_sm90_flash_fprop", AttentionAlgorithm.CUDNN),
        ("flash_attn_fa3", AttentionAlgorithm.FLASH3),
    ],
)
def test_the_kernels_name_tells_which_attention(kernel: str, algorithm: AttentionAlgorithm) -> None:
    row = record("aten::scaled_dot_product_attention", [[1, 8, 16, 64]] * 3, kernel=kernel)
    (found,) = row_kernels(row_of(row), H100)
    assert found.algorithm == algorithm


def test_views_launch_nothing() -> None:
    with pytest.raises((LookupError, ValueError), match="aten::view"):
        row_kernels(row_of(record("aten::view", [[4, 4]], attributes='{"size": [16]}')), H100)
