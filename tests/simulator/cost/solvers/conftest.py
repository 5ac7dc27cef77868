"""Calls of a library of convolutions on a made-up accelerator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator.kernels import FamilyTable, SearchedConvolution


@pytest.fixture
def searched(table: Callable[..., FamilyTable]) -> Callable[..., FamilyTable]:
    """One call with square images and filters, in bf16 on matrix units, or in fp32 on vector units."""

    def build(
        images: float, channels: float, side: float, out: float, *, taps: float = 3.0, **options: Any
    ) -> FamilyTable:
        vector = options.get("number_format") == "fp32"
        itemsize = 4.0 if vector else 2.0
        groups, positions = options.get("groups", 1.0), side**2
        flops = 2.0 * images * positions * groups * out * channels * taps**2
        image = images * positions * groups * channels * itemsize
        columns = {
            "number_format": "bf16",
            "matrix_flops": 0.0 if vector else flops,
            "vector_flops": flops if vector else 0.0,
            "bytes_read": image + groups * out * channels * taps**2 * itemsize,
            "bytes_written": images * positions * groups * out * itemsize,
            "itemsize": itemsize,
            "images": images,
            "positions": positions,
            "output_channels": out,
            "input_channels": channels,
            "filter_height": taps,
            "filter_width": taps,
            "output_height": side,
            "output_width": side,
            "image_bytes": image,
            "winograd": True,
        }
        return table(SearchedConvolution, **{**columns, **options})

    return build
