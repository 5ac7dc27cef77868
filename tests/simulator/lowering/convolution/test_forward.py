"""Convolutions: what cuDNN and PyTorch launch around them in each mode."""

from __future__ import annotations

import pytest

from simulator.execution import Execution
from simulator.kernels import AccessPattern, Convolution
from simulator.lowering import kernels_of
from simulator.lowering.convolution.forward import narrows
from simulator.software import load_software
from tracer.graph import TensorSpec

_EAGER, _COMPILED, _GRAPH = (Execution(mode=mode) for mode in ("eager", "compiled", "cuda-graph"))
_DATA, _WEIGHT, _OUT = (2, 4, 9, 9), (6, 4, 3, 3), (2, 6, 9, 9)
_INNERMOST = TensorSpec(_DATA, "float16", (324, 1, 36, 4))


def _names(op, execution=_EAGER) -> list[str]:
    return [kernel.name for kernel in kernels_of(op, execution)]


def test_eager_converts_the_layout_and_adds_the_bias(call):
    op = call("convolution", [_DATA, _WEIGHT, (6,)], [_OUT], groups=1)
    to_channels_last = ["clear_padding", "to_channels_last"] * 2  # four channels of two bytes are padded to 16
    expected = [*to_channels_last, "convolution", "to_channels_first", "bias"]
    assert _names(op) == expected
    assert _names(op, _GRAPH) == expected  # a graph replays the same kernels


def test_compiled_keeps_channels_last_and_fuses_the_bias(call):
    op = call("convolution", [_DATA, _WEIGHT, (6,)], [_OUT], groups=1)
    assert _names(op, Execution(mode="compiled", channels_last=True)) == ["convolution"]


def test_compiled_converts_filters_that_lie_as_the_model_has_them(call):
    op = call("convolution", [_DATA, _WEIGHT, (6,)], [_OUT], groups=1)
    filters, main = kernels_of(op, _COMPILED)
    assert (filters.name, filters.bytes_read, filters.generated, main.name) == (
        "to_channels_last",
        2 * 6 * 4 * 9,
        True,
        "convolution",
    )
    single = call("convolution", [_DATA, (6, 4, 1, 1)], [_OUT], groups=1)
    assert _names(single, _COMPILED) == ["convolution"]
    volume = call("convolution", [(2, 16, 4, 8, 8), (32, 16, 3, 3, 3)], [(2, 32, 4, 8, 8)], groups=1)
    assert _names(volume, _COMPILED) == ["to_channels_last", "to_channels_last", "convolution", "to_channels_first"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [((4, 8, 3, 3), True), ((5, 8, 3, 3), False), ((4, 8, 1, 1), False)],
    ids=["half", "more", "one position"],
)
def test_convolutions_that_narrow(filters, expected, call):
    out = (2, filters[0], 8, 8)
    assert narrows(call("convolution", [(2, 8, 8, 8), filters], [out], groups=1)) is expected
    assert not narrows(call("mm", [(4, 8), (8, 4)], [(4, 4)]))


def test_operands_with_channels_innermost_need_no_conversion(call):
    assert _names(call("convolution", [_INNERMOST, _WEIGHT, (6,)], [_OUT], groups=1)) == ["convolution", "bias"]
    plain = call("convolution", [_DATA, _WEIGHT], [_OUT], groups=1)
    assert _names(plain, Execution(channels_last=True)) == ["convolution"]


def test_an_image_of_one_pixel_has_one_layout(call):
    assert _names(call("convolution", [(2, 4, 1, 1), (6, 4, 1, 1)], [(2, 6, 1, 1)], groups=1)) == ["convolution"]


def test_float32_converts_where_it_runs_as_tf32(call):
    op = call("convolution", [_DATA, _WEIGHT], [_OUT], dtype="float32", groups=1)
    assert kernels_of(op, _EAGER)[2].number_format == "tf32"  # four channels of four bytes need no padding
    assert _names(op, Execution(convolution_tf32=False)) == ["convolution"]


def test_filters_of_one_position_lie_alike_in_both_layouts(call):
    # 7 x 7 positions of 2 bytes are no whole accesses of 16 bytes, 8 x 8 are.
    odd = call("convolution", [(2, 512, 7, 7), (64, 512, 1, 1)], [(2, 64, 7, 7)], groups=1, stride=(1, 1))
    assert _names(odd) == ["to_channels_last", "convolution", "to_channels_first"]
    even = call("convolution", [(2, 512, 8, 8), (64, 512, 1, 1)], [(2, 64, 8, 8)], groups=1, stride=(1, 1))
    assert _names(even) == ["convolution"]
    strided = call("convolution", [(2, 512, 8, 8), (64, 512, 1, 1)], [(2, 64, 4, 4)], groups=1, stride=(2, 2))
    assert _names(strided) == ["to_channels_last", "convolution", "to_channels_first"]


def test_float32_of_few_channels_stays_on_vector_units(call):
    op = call("convolution", [(2, 3, 8, 8), (64, 3, 3, 3)], [(2, 64, 8, 8)], dtype="float32", groups=1)
    (kernel,) = kernels_of(op, _EAGER)
    assert kernel.number_format == "fp32"


def test_three_dimensions_that_the_library_refuses_are_unfolded(call):
    data, weight, out = (2, 16, 4, 8, 8), (32, 16, 3, 3, 3), (2, 32, 4, 8, 8)
    op = call("convolution", [data, weight, (32,)], [out], dtype="bfloat16", groups=1, stride=(1, 1, 1))
    assert [k.name for k in kernels_of(op, Execution(software=load_software("torch-2.13")))][2] == "convolution"
    unfold, product, bias = kernels_of(op, Execution(software=load_software("torch-2.9")))
    matrix = 2 * 4 * 8 * 8 * 16 * 27 * 2
    assert (unfold.name, unfold.bytes_written, unfold.conversion) == ("unfold", matrix, True)
    assert unfold.bytes_read == matrix + 2 * 2 * 16 * 4 * 64  # the product reads it again
    assert (product.batch, product.m, product.n, product.k) == (2, 256, 32, 432)
    assert product.matrix_flops == 2 * 2 * 256 * 32 * 432
    assert bias.name == "bias"


def test_depthwise_has_a_kernel_of_its_own(call):
    op = call("convolution", [(2, 8, 9, 9), (8, 1, 3, 3)], [(2, 8, 9, 9)], groups=8)
    (kernel,) = kernels_of(op, _EAGER)
    assert kernel.depthwise
    assert (kernel.num_groups, kernel.output_channels, kernel.reduced_length) == (8, 1, 9)


def test_as_an_implicit_product(call):
    op = call("convolution", [_INNERMOST, _WEIGHT], [_OUT], groups=1, stride=(1, 1), transposed=False)
    (kernel,) = kernels_of(op, _EAGER)
    assert isinstance(kernel, Convolution)
    assert (kernel.num_groups, kernel.positions, kernel.output_channels, kernel.reduced_length) == (1, 2 * 81, 6, 36)
    assert kernel.matrix_flops == 2 * 2 * 81 * 6 * 36
    assert (kernel.bytes_read, kernel.bytes_written) == (2 * (2 * 4 * 81 + 6 * 36), 2 * 2 * 6 * 81)
    assert kernel.resident_bytes == 2 * 2 * 4 * 81  # the weight was last read a whole pass ago


@pytest.mark.parametrize(
    ("data", "weight", "out", "attributes", "expected"),
    [
        (_DATA, _WEIGHT, _OUT, {}, (True, 9, 9)),
        (_DATA, (6, 4, 1, 1), _OUT, {}, (False, 9, 9)),
        # Winograd needs a stride of 1 and a square filter of rank 2.
        ((2, 4, 18, 18), _WEIGHT, _OUT, {"stride": (2, 2)}, (False, 9, 9)),
        (_DATA, (6, 4, 3, 5), _OUT, {}, (False, 9, 9)),
        ((2, 4, 9), (6, 4, 3), (2, 6, 9), {}, (False, 0, 0)),
        ((2, 4, 5, 9, 9), (6, 4, 3, 3, 3), (2, 6, 5, 9, 9), {}, (False, 0, 0)),
    ],
)
def test_what_winograd_needs_to_know(data, weight, out, attributes, expected, call):
    op = call("convolution", [data, weight], [out], groups=1, **({"stride": (1,)} | attributes))
    kernel = next(k for k in kernels_of(op, _EAGER) if k.name == "convolution")
    assert (kernel.winograd, kernel.output_height, kernel.output_width) == expected


def test_conversions_are_transposing_copies(call):
    kernels = kernels_of(call("convolution", [_DATA, _WEIGHT], [_OUT], groups=1), _EAGER)
    _, before, _, weight, _, after = kernels
    assert {k.pattern for k in (before, weight, after)} == {AccessPattern.TRANSPOSED}
    assert [k.bytes_read for k in (before, weight, after)] == [2 * 648, 2 * 216, 2 * 972]
    assert [k.name for k in kernels if not getattr(k, "conversion", False)] == ["convolution"]


def test_conversions_pad_channels_and_walk_whole_tiles(call):
    # Patches of a ViT on an H100: cuDNN clears 4 x 8 x 224 x 224 and 768 x 8 x 16 x 16 values, and starts a block for
    # each tile of 32 x 32, 1568 x 4 and 8 x 768 of them.
    op = call("convolution", [(4, 3, 224, 224), (768, 3, 16, 16)], [(4, 768, 14, 14)], groups=1, stride=(16, 16))
    clear, image, clear_weight, weight, _, out = kernels_of(op, _EAGER)
    assert (clear.bytes_written, clear_weight.bytes_written) == (3211264, 3145728)
    assert [k.elements / 1024 for k in (image, weight, out)] == [1568 * 4, 8 * 768, 7 * 24 * 4]


def test_taps_are_those_of_the_filter(call):
    op = call("convolution", [_DATA, (6, 4, 3, 5)], [_OUT], groups=1)
    assert next(k for k in kernels_of(op, _EAGER) if k.name == "convolution").filter_positions == 15


def test_flops_and_the_convolution_are_the_same_in_every_mode(call):
    op = call("convolution", [_DATA, _WEIGHT, (6,)], [_OUT], groups=1)
    found = [next(k for k in kernels_of(op, e) if k.name == "convolution") for e in (_EAGER, _COMPILED, _GRAPH)]
    assert found[0] == found[1] == found[2]
