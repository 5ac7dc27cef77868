"""Rows of MIOpen's find-DB."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hw_specs import load_accelerator
from validation.measured.row import Row
from validation.measured.row_kernels import row_kernels
from validation.measured.sources.miopen import SOURCE

MI210 = load_accelerator("mi210")
_ROW = Row(
    op="aten::conv2d",
    shapes=[[2, 64, 8, 8], [32, 64, 3, 3]],
    dtype="float16",
    attributes={"stride": [1, 1], "padding": [1, 1], "layout": "NCHW"},
    source="miopen-finddb",
    kernel="miopen ConvHipImplicitGemmForwardV4R4Xdlops",
)
_RECORD = {"device": "AMD Radeon RX 6800 XT", "op": "aten::conv2d", "latency_s": "2e-3", "kernel": "miopen x"}


def test_a_row_is_one_call_of_the_library_timed_from_the_host() -> None:
    (kernel,) = row_kernels(_ROW, MI210)
    assert (kernel.name, kernel.timed, kernel.unfolds) == ("convolution", True, False)


def test_the_library_of_the_records_unfolds_images_of_three_axes() -> None:
    volume = {"op": "aten::conv3d", "shapes": [[2, 64, 4, 8, 8], [32, 64, 3, 3, 3]], "attributes": {}}
    (kernel,) = row_kernels(replace(_ROW, **volume), MI210)
    assert kernel.unfolds


def test_launches_that_were_over_at_the_idle_clock_are_left_out() -> None:
    short, long = SOURCE.amended([_RECORD, {**_RECORD, "latency_s": "9e-3"}])
    with pytest.raises(LookupError, match="idle clock"):
        row_kernels(replace(_ROW, kernel=short["kernel"]), MI210)
    assert long == {**_RECORD, "latency_s": "9e-3"}


def test_other_cards_were_awake() -> None:
    record = {**_RECORD, "device": "AMD Instinct MI210"}
    assert SOURCE.amended([record]) == [record]
