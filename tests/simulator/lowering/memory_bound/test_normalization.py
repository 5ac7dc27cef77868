"""Normalizations and softmax: rows, and the three kernels of group norm."""

from __future__ import annotations

import pytest

from simulator.execution import Execution
from simulator.kernels import AccessPattern, RowKind, StreamKind
from simulator.lowering import kernels_of
from simulator.software import load_software
from tracer.graph import TensorSpec

_EAGER, _COMPILED = Execution(), Execution(mode="compiled")


def test_group_norm_is_three_kernels(call):
    op = call("native_group_norm", [(2, 32, 8, 8), (32,), (32,)], [(2, 32, 8, 8), (2, 4), (2, 4)], group=4)
    statistics, parameters, apply = kernels_of(op, _EAGER)
    assert [k.name for k in (statistics, parameters, apply)] == [
        "group_norm_statistics",
        "group_norm_parameters",
        "group_norm_apply",
    ]
    # A thread block for each sample and group: 8 rows of 8 channels x 64 positions.
    assert statistics.kind is RowKind.MOMENTS
    assert (statistics.rows, statistics.row_length) == (8, 512)
    assert statistics.bytes_read == 2 * 2 * 32 * 64
    assert parameters.elements == 2 * 32
    assert apply.bytes_read == statistics.bytes_read + 2 * 64 * 4  # and a float32 scale and shift for each channel


def test_eager_group_norm_of_a_channels_last_image_is_copied_there_and_back(call):
    op = call("native_group_norm", [(2, 32, 8, 8), (32,), (32,)], [(2, 32, 8, 8), (2, 4), (2, 4)], group=4)
    before, *_, after = kernels_of(op, Execution(channels_last=True))
    assert (before.name, after.name) == ("to_channels_first", "to_channels_last")
    assert before.kind is after.kind is StreamKind.COPY
    assert before.bytes_read == before.bytes_written == 2 * 2 * 32 * 64
    compiled = kernels_of(op, Execution(channels_last=True, mode="compiled"))
    assert [k.name for k in compiled] == ["group_norm_statistics", "group_norm_apply"]


def test_without_layout_optimization_compiled_group_norm_is_copied_for_the_convolution(call):
    op = call("native_group_norm", [(2, 32, 8, 8), (32,), (32,)], [(2, 32, 8, 8), (2, 4), (2, 4)], group=4)
    *_, copy = kernels_of(op, Execution(channels_last=True, mode="compiled", software=load_software("torch-2.0")))
    assert (copy.name, copy.generated, copy.conversion) == ("to_channels_last", True, True)
    assert copy.bytes_read == copy.bytes_written == 2 * 2 * 32 * 64
    plain = kernels_of(op, Execution(mode="compiled", software=load_software("torch-2.0")))
    assert [k.name for k in plain] == ["group_norm_statistics", "group_norm_apply"]


def test_a_sequence_has_no_channels_last(call):
    op = call("native_group_norm", [(2, 32, 64), (32,), (32,)], [(2, 32, 64), (2, 4), (2, 4)], group=4)
    assert len(kernels_of(op, Execution(channels_last=True))) == 3


def test_compiled_group_norm_is_two(call):
    op = call("native_group_norm", [(2, 32, 8, 8), (32,), (32,)], [(2, 32, 8, 8), (2, 4), (2, 4)], group=4)
    assert [k.name for k in kernels_of(op, _COMPILED)] == ["group_norm_statistics", "group_norm_apply"]


@pytest.mark.parametrize(
    ("attributes", "outputs", "groups"),
    [({"num_groups": 8}, 1, 8), ({}, 3, 4), ({}, 1, 32)],
    ids=["said", "seen", "usual"],
)
def test_number_of_groups(attributes, outputs, groups, call):
    shapes = [(2, 32, 8, 8), (2, 4), (2, 4)][:outputs]
    op = call("group_norm", [(2, 32, 8, 8), (32,), (32,)], shapes, **attributes)
    assert kernels_of(op, _EAGER)[0].rows == 2 * groups


@pytest.mark.parametrize(
    ("inputs", "attributes", "rows", "width"),
    [
        ([(3, 5, 8), (8,), (8,)], {"normalized_shape": (8,)}, 15, 8),
        ([(3, 5, 8), (5, 8), (5, 8)], {"normalized_shape": (5, 8)}, 3, 40),
        ([(3, 5, 8), (8,)], {}, 15, 8),
        ([(3, 5, 8)], {}, 15, 8),
    ],
)
@pytest.mark.parametrize("name", ["native_layer_norm", "_fused_rms_norm"])
def test_rows_of_a_layer_norm(name, inputs, attributes, rows, width, call):
    (kernel,) = kernels_of(call(name, inputs, [inputs[0]], **attributes), _EAGER)
    assert kernel.kind is RowKind.NORMALIZATION
    assert (kernel.rows, kernel.row_length) == (rows, width)


def test_statistics_of_a_layer_norm_are_not_written(call):
    rows = TensorSpec((15, 1), "float32")
    op = call("native_layer_norm", [(15, 8), (8,), (8,)], [(15, 8), rows, rows])
    assert kernels_of(op, _EAGER)[0].bytes_written == 2 * 120


@pytest.mark.parametrize(("axis", "rows", "width"), [(-1, 15, 8), (1, 24, 5), (0, 40, 3)])
def test_rows_of_a_softmax(axis, rows, width, call):
    (kernel,) = kernels_of(call("_softmax", [(3, 5, 8)], [(3, 5, 8)], dim=axis), _EAGER)
    assert kernel.kind is RowKind.SOFTMAX
    assert (kernel.rows, kernel.row_length, kernel.special_ops) == (rows, width, 120)


def test_batch_norm_with_stored_statistics_is_elementwise(call):
    op = call("_native_batch_norm_legit_no_training", [(2, 8, 4, 4), (8,), (8,), (8,), (8,)], [(2, 8, 4, 4)])
    (kernel,) = kernels_of(op, _EAGER)
    assert kernel.kind is StreamKind.ELEMENTWISE
    assert kernel.bytes_written == 2 * 256


def test_a_norm_of_a_sum_is_one_kernel_that_writes_both(call):
    (kernel,) = kernels_of(call("_C::fused_add_rms_norm", [(5, 8), (5, 8), (8,)], []), _EAGER)
    assert (kernel.kind, kernel.rows, kernel.row_length) == (RowKind.NORMALIZATION, 5, 8)
    assert (kernel.bytes_read, kernel.bytes_written) == (176, 160)


def test_group_norm_of_aiter_has_no_row_for_each_group(call):
    data = [(2, 32, 8, 8), (32,), (32,)]
    statistics, apply = kernels_of(call("aiter::_groupnorm_run", data, data[:1], num_groups=4), _EAGER)
    assert (statistics.kind, apply.kind) == (StreamKind.REDUCTION, StreamKind.ELEMENTWISE)
    assert (statistics.elements, statistics.bytes_read) == (4096, 8192)
    assert statistics.bytes_written == 2 * (2 * 4) * 4  # two float32 moments of each (sample, group)
    assert (apply.bytes_read, apply.bytes_written) == (8192 + 128 + 64, 8192)


@pytest.mark.parametrize(
    ("side", "steps", "pattern"),
    [
        (32, 8.0, AccessPattern.BROADCAST),  # groups of 16,384: two blocks of 1,024 threads and eight steps
        (128, 8.0, AccessPattern.CONTIGUOUS),  # 262,144: 32 blocks, a quarter of them with four elements a step
        (1024, 32.0, AccessPattern.CONTIGUOUS),  # 16,777,216: no more than 4,096 blocks over all 32 groups
    ],
)
def test_threads_of_aiters_group_norm_take_several_elements_of_large_groups(side, steps, pattern, call):
    data = [(1, 512, side, side), (512,), (512,)]
    statistics, apply = kernels_of(call("aiter::_groupnorm_run", data, data[:1], num_groups=32), _EAGER)
    assert (statistics.loads, apply.loads, apply.pattern) == (steps, steps, pattern)


def test_group_norm_of_aiter_copies_channels_last_first(call):
    across = TensorSpec((2, 32, 8, 8), "float16", (2048, 1, 256, 32))
    kernels = kernels_of(call("aiter::_groupnorm_run", [across, (32,), (32,)], [across], num_groups=4), _EAGER)
    assert [k.name for k in kernels] == ["to_contiguous", "group_norm_statistics", "group_norm_apply"]


@pytest.mark.parametrize("name", ["native_layer_norm", "_softmax"])
def test_eager_rows_that_do_not_lie_in_order_are_copied_first(name, call):
    across = TensorSpec((2, 1024, 64), "float32", (65536, 1, 1024))
    op = call(name, [across], [across])
    copied, kernel = kernels_of(op, _EAGER)
    assert (copied.name, copied.pattern) == ("to_contiguous", AccessPattern.TRANSPOSED)
    assert copied.bytes_read == kernel.bytes_read == 4 * 2 * 1024 * 64
    assert len(kernels_of(op, _COMPILED)) == 1


@pytest.mark.parametrize(("release", "longest"), [("torch-2.6", 1024), ("torch-2.7", 2048)])
def test_a_release_decides_which_rows_of_a_softmax_stay_in_registers(release, longest, call):
    execution = Execution(software=load_software(release))
    for width in (longest, longest + 1):
        (kernel,) = kernels_of(call("_softmax", [(4, width)], [(4, width)], dim=-1), execution)
        assert kernel.held == (width <= longest)


@pytest.mark.parametrize(("dtype", "converts"), [("float16", True), ("float32", False)])
def test_group_norm_applies_float32_parameters(dtype, converts, call):
    op = call("native_group_norm", [(2, 32, 8, 8), (32,), (32,)], [(2, 32, 8, 8)], dtype=dtype, group=4)
    assert kernels_of(op, _EAGER)[2].converts == converts


def test_layer_norm_backward_is_rows_and_then_sums_over_them(call):
    inputs = [(64, 8), (64, 8), (64, 1), (64, 1), (8,), (8,)]
    row, sums = kernels_of(call("native_layer_norm_backward", inputs, [(64, 8), (8,), (8,)]), _EAGER)
    assert (row.kind, row.rows, row.row_length) == (RowKind.NORMALIZATION, 64, 8)
    assert row.bytes_read == sums.bytes_read == 2 * 64 * 8 * 2
    assert (sums.kind, sums.elements, sums.reduced_length) == (StreamKind.REDUCTION, 16, 64)
    alone = call("native_layer_norm_backward", inputs[:4], [(64, 8)], normalized_shape=(8,))
    assert [kernel.name for kernel in kernels_of(alone, _EAGER)] == ["layer_norm_backward"]


def test_batch_norm_takes_statistics_of_each_channel_where_it_trains(call):
    inputs = [(2, 4, 8, 8), (4,), (4,), (4,), (4,)]
    statistics, apply = kernels_of(call("native_batch_norm", inputs, [(2, 4, 8, 8)], training=True), _EAGER)
    # A row for each of four channels, of 2 images of 64 positions.
    assert (statistics.kind, statistics.rows, statistics.row_length) == (RowKind.MOMENTS, 4, 128)
    assert (statistics.bytes_read, apply.elements) == (2 * 512, 512)
    assert len(kernels_of(call("native_batch_norm", inputs, [(2, 4, 8, 8)], training=False), _EAGER)) == 1


def test_batch_norm_backward_sums_each_channel_over_all_images(call):
    op = call("native_batch_norm_backward", [(2, 4, 8, 8), (2, 4, 8, 8), (4,)], [(2, 4, 8, 8), (4,), (4,)])
    sums, apply = kernels_of(op, _EAGER)
    assert (sums.kind, sums.rows, sums.row_length) == (RowKind.MOMENTS, 4, 128)
    assert sums.bytes_read == apply.bytes_read == 2 * 2 * 512
    assert (apply.elements, apply.bytes_written) == (512, 1024)


def test_norms_of_groups_sum_and_then_walk_the_elements(call):
    op = call(
        "native_group_norm_backward", [(2, 4, 8, 8), (2, 4, 8, 8), (2, 2), (2, 2), (4,)], [(2, 4, 8, 8), (4,), (4,)]
    )
    sums, apply = kernels_of(op, _EAGER)
    assert (sums.elements, sums.reduced_length) == (8, 64)
    assert (apply.elements, apply.bytes_written) == (512, 1024)
    assert sums.bytes_read == apply.bytes_read == 2048
