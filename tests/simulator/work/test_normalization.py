"""Normalizations by hand: arithmetic of one element, bytes of one pass."""

from __future__ import annotations

import pytest

from simulator.work import work_of


@pytest.mark.parametrize(
    ("name", "parameters", "flops"),
    [
        # mean 1, variance 3, normalise 2, scale and shift 2
        ("native_layer_norm", [(8,), (8,)], 8),
        ("native_layer_norm", [], 6),
        ("native_group_norm", [(8,), (8,)], 8),
        ("native_group_norm", [], 6),
        # square and sum 2, normalise 1, scale 1
        ("_fused_rms_norm", [(8,)], 4),
        ("rms_norm", [], 3),
        # stored statistics: scale and shift
        ("cudnn_batch_norm", [(8,), (8,), (8,), (8,)], 2),
    ],
)
def test_arithmetic_and_bytes(name, parameters, flops, call):
    work = work_of(call(name, [(5, 8), *parameters], [(5, 8)]))
    assert (work.contraction_flops, work.vector_flops, work.special_ops) == (0, flops * 40, 0)
    assert work.bytes_read == 2 * (40 + 8 * len(parameters))
    assert work.bytes_written == 80


def test_a_norm_of_a_sum_writes_both(call):
    # sum 1, square and sum 2, normalise 1, scale 1
    work = work_of(call("_C::fused_add_rms_norm", [(5, 8), (5, 8), (8,)], []))
    assert work.vector_flops == 5 * 40
    assert (work.bytes_read, work.bytes_written) == (2 * 88, 2 * 80)


def test_a_backward_pass_reads_the_gradient_and_the_input(call):
    statistics = [(5, 1), (5, 1)]
    op = call("native_layer_norm_backward", [(5, 8), (5, 8), *statistics, (8,), (8,)], [(5, 8), (8,), (8,)])
    work = work_of(op)
    # Two sums of 2 and 4, the input's gradient of 5, and 4 for scale and shift.
    assert work.vector_flops == 15 * 40
    assert work.bytes_read == 2 * (40 + 40 + 5 + 5 + 8 + 8)
    assert work.bytes_written == 2 * (40 + 8 + 8)
