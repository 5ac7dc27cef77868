"""Elementwise operators, reductions, copies and gathers: how they walk memory."""

from __future__ import annotations

from math import prod

import pytest

from simulator.execution import Execution
from simulator.kernels import AccessPattern, RowKind, RowWise, Scatter, StreamKind
from simulator.lowering import kernels_of
from simulator.work import work_of
from tracer.graph import TensorSpec

_EAGER = Execution()
_ACROSS = TensorSpec((16, 64), "float16", (1, 16))  # transposed
_SMALL = TensorSpec((16, 8), "float16", (1, 16))  # transposed, within one block
_HEADS = TensorSpec((4, 16, 8), "float16", (8, 32, 1))  # heads beside one another in a row
_GAPS = TensorSpec((16, 8), "float16", (16, 1))  # every second half row


def _one(op):
    (kernel,) = kernels_of(op, _EAGER)
    return kernel


@pytest.mark.parametrize(
    ("inputs", "out", "pattern"),
    [
        ([(16, 8), (16, 8)], (16, 8), AccessPattern.CONTIGUOUS),
        ([(16, 8), (8,)], (16, 8), AccessPattern.BROADCAST),
        ([(16, 8), _GAPS], (16, 8), AccessPattern.STRIDED),
        ([(16, 64), _ACROSS], (16, 64), AccessPattern.TRANSPOSED),
        ([(16, 8), _SMALL], (16, 8), AccessPattern.STRIDED),
        # Both lie the same way: memory is walked in order.
        ([_ACROSS, _ACROSS], _ACROSS, AccessPattern.CONTIGUOUS),
        # The output follows one of them, so that the other is walked across.
        ([_ACROSS, (16, 64)], _ACROSS, AccessPattern.TRANSPOSED),
        ([_HEADS, (4, 16, 8)], _HEADS, AccessPattern.STRIDED),
    ],
    ids=["contiguous", "broadcast", "gaps", "transposed", "in a block", "alike", "one otherwise", "heads"],
)
def test_patterns(inputs, out, pattern, call):
    assert _one(call("add", inputs, [out])).pattern == pattern


def test_elementwise(call):
    op = call("silu", [(16, 8)], [(16, 8)])
    kernel, work = _one(op), work_of(op)
    assert (kernel.kind, kernel.name, kernel.elements, kernel.reduced_length) == (
        StreamKind.ELEMENTWISE,
        "silu",
        128,
        1,
    )
    assert (kernel.vector_flops, kernel.special_ops) == (work.vector_flops, work.special_ops)
    assert (kernel.bytes_read, kernel.bytes_written, kernel.num_inputs) == (256, 256, 1)


def test_an_outer_product_is_elementwise(call):
    assert _one(call("outer", [(16,), (8,)], [(16, 8)])).kind == StreamKind.ELEMENTWISE


@pytest.mark.parametrize(("out", "rows", "width"), [((16,), 16, 8), ((8,), 8, 16), ((), 1, 128)])
def test_rows_of_a_reduction_are_its_outputs(out, rows, width, call):
    kernel = _one(call("sum", [(16, 8)], [out]))
    assert (kernel.kind, kernel.elements, kernel.reduced_length) == (StreamKind.REDUCTION, rows, width)


@pytest.mark.parametrize("name", ["clone", "_to_copy", "copy_", "fill_", "repeat", "upsample_nearest2d"])
def test_copies_and_fills(name, call):
    assert _one(call(name, [(16, 8), (16, 8)], [(16, 8)])).kind == StreamKind.COPY


def test_nearest_upsampling_divides_for_every_element_of_channels_last(call):
    op = call("upsample_nearest2d", [(2, 16, 8, 8)], [(2, 16, 16, 16)])
    (plain,), (last,) = kernels_of(op, Execution()), kernels_of(op, Execution(channels_last=True))
    assert (plain.joined_axes, last.joined_axes, last.pattern) == (1, 4, AccessPattern.BROADCAST)
    assert kernels_of(op, Execution(mode="compiled", channels_last=True)) == (plain,)


def test_float32_to_half_precision_is_a_vectorised_copy(call):
    single = TensorSpec((16, 8), "float32")
    assert not _one(call("_to_copy", [single], [(16, 8)])).converts
    assert _one(call("_to_copy", [(16, 8)], [single])).converts


def test_operands_of_several_formats_are_converted_one_by_one(call):
    single = TensorSpec((16, 8), "float32")
    assert _one(call("mul", [(16, 8), single], [single])).converts
    assert not _one(call("mul", [(16, 8), (16, 8)], [(16, 8)])).converts
    assert not _one(call("where", [TensorSpec((16, 8), "bool"), (16, 8), (16, 8)], [(16, 8)])).converts


def test_concatenation_over_more_than_four_axes_copies_each_input(call):
    short, long = (1, 8, 2, 4, 4), (1, 8, 3, 4, 4)
    kernels = kernels_of(call("cat", [short, long], [(1, 8, 5, 4, 4)]), Execution())
    assert [(k.kind, k.pattern) for k in kernels] == [(StreamKind.COPY, AccessPattern.STRIDED)] * 2
    assert [k.bytes_read for k in kernels] == [2 * 256, 2 * 384]
    assert len(kernels_of(call("cat", [short, long], [(1, 8, 5, 4, 4)]), Execution(mode="compiled"))) == 1


def test_concatenation_places_single_elements(call):
    whole = _one(call("cat", [(16, 8), (16, 8)], [(32, 8)]))
    assert (whole.pattern, whole.kind) == (AccessPattern.BROADCAST, StreamKind.CONCATENATION)
    assert (whole.elements, whole.joined_axes, whole.num_inputs) == (256, 2, 1)
    assert _one(call("cat", [_GAPS, (16, 8)], [(32, 8)])).pattern == AccessPattern.STRIDED
    assert _one(call("cat", [_ACROSS, (1, 64)], [(17, 64)])).pattern == AccessPattern.TRANSPOSED


@pytest.mark.parametrize("name", ["embedding", "index", "gather"])
def test_gathers(name, call):
    assert _one(call(name, [(100, 8), (4,), (4, 8)], [(4, 8)])).kind == StreamKind.GATHER


def test_padding_is_a_fill_and_a_copy(call):
    op = call("constant_pad_nd", [(16, 8)], [(18, 10)])
    fill, move = kernels_of(op, _EAGER)
    assert (fill.bytes_read, fill.bytes_written) == (0, 360)
    assert (move.bytes_read, move.bytes_written) == (256, 256)


def test_compiled_padding_is_one_pass(call):
    (kernel,) = kernels_of(call("constant_pad_nd", [(16, 8)], [(18, 10)]), Execution(mode="compiled"))
    assert (kernel.bytes_read, kernel.bytes_written) == (256, 360)


def test_a_value_that_the_host_waits_for_is_a_copy(call):
    kernel = _one(call("_local_scalar_dense", [()], [], dtype="bool"))
    assert (kernel.kind, kernel.bytes_read) == (StreamKind.COPY, 1)


def test_gathers_follow_an_index_for_each_element(call):
    kernel = _one(call("index_select", [(100, 8), (4,)], [(4, 8)]))
    assert (kernel.kind, kernel.elements, kernel.pattern) == (StreamKind.GATHER, 32, AccessPattern.BROADCAST)


def test_scatters_put_rows_of_values(call):
    kernel = _one(call("index_put_", [(100, 8), (4,), (4, 8)], [(100, 8)]))
    assert isinstance(kernel, Scatter)
    assert (kernel.rows, kernel.row_length) == (4, 8)


def test_a_paged_write_has_a_block_for_each_token(call):
    cache = TensorSpec((100, 16, 2, 8), "float16")
    kernel = _one(call("_C_cache_ops::reshape_and_cache_flash", [(5, 2, 8), (5, 2, 8), cache, cache], []))
    assert isinstance(kernel, Scatter)
    assert (kernel.rows, kernel.row_length) == (5, 16)
    assert (kernel.bytes_read, kernel.bytes_written) == (320, 320)


def test_a_cast_by_rows_quantises_rows(call):
    out = [TensorSpec((3, 8), "float8_e4m3fn"), TensorSpec((3, 1), "float32")]
    kernel = _one(call("_C::dynamic_per_token_scaled_fp8_quant", [(3, 8)], out))
    assert isinstance(kernel, RowWise)
    assert (kernel.kind, kernel.number_format) == (RowKind.NORMALIZATION, "fp8")
    assert (kernel.rows, kernel.row_length, kernel.itemsize) == (3, 8, 2)


def test_a_copy_to_another_extent_is_a_gather(call):
    op = call("replication_pad3d", [(1, 8, 2, 4, 4)], [(1, 8, 4, 6, 6)], padding=(1, 1, 1, 1, 2, 0))
    assert _one(op).kind == StreamKind.GATHER
    assert kernels_of(op, Execution(mode="compiled"))[0].kind == StreamKind.COPY


def test_a_gradient_of_a_gather_is_a_fill_and_a_scatter(call):
    op = call("embedding_dense_backward", [(2, 3, 4), TensorSpec((2, 3), "int64")], [(10, 4)])
    fill, added = kernels_of(op, _EAGER)
    assert (fill.name, fill.bytes_read, fill.bytes_written) == ("clear", 0, 80)
    assert isinstance(added, Scatter)
    assert (added.rows, added.row_length, added.bytes_written) == (6, 4, 48)


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        (["avg_pool2d_backward", (2, 3, 4, 4), (2, 3, 8, 8)], (2, 3, 8, 8)),
        (["upsample_nearest2d_backward", (2, 3, 16, 16)], (2, 3, 8, 8)),
    ],
    ids=["pooling", "interpolation"],
)
def test_a_window_s_gradient_is_read_and_its_image_s_is_written(inputs, outputs, call):
    name, *tensors = inputs
    (kernel,) = kernels_of(call(name, tensors, [outputs]), _EAGER)
    (read,) = (2 * prod(shape) for shape in tensors[:1])
    assert (kernel.bytes_read, kernel.bytes_written, kernel.elements) == (read, 2 * 2 * 3 * 64, 2 * 3 * 64)


def test_lists_of_tensors_share_launches(call):
    # 130 tensors of ten elements in each of two lists: 64 pairs fit a launch.
    op = call("_foreach_add_", [(10,)] * 260, [], dtype="float32")
    kernels = kernels_of(op, _EAGER)
    assert len(kernels) == 3
    assert sum(kernel.bytes_read for kernel in kernels) == pytest.approx(2 * 130 * 10 * 4)
    assert sum(kernel.bytes_written for kernel in kernels) == pytest.approx(130 * 10 * 4)


def test_an_optimizer_writes_parameters_and_moments(call):
    op = call("_fused_adamw_", [(1000,), (7,)] * 4, [], dtype="float32")
    (kernel,) = kernels_of(op, _EAGER)
    assert (kernel.bytes_read, kernel.bytes_written) == (4 * 4 * 1007, 3 * 4 * 1007)
    assert kernel.vector_flops == 12 * 1007


def test_a_loss_is_a_value_for_each_element_and_their_mean(call):
    values, mean = kernels_of(call("mse_loss", [(8, 4), (8, 4)], [()]), _EAGER)
    assert (values.elements, values.bytes_read, values.bytes_written) == (32, 2 * 64, 64)
    assert (mean.elements, mean.reduced_length, mean.bytes_read) == (1, 32, 64)
