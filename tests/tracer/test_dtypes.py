from __future__ import annotations

import pytest

from tracer.dtypes import BITS


@pytest.mark.torch
def test_sizes_are_torchs_own():
    import torch

    sizes = {name: getattr(torch, name).itemsize * 8 for name in BITS if hasattr(torch, name)}
    packed = {"float4_e2m1fn_x2", "int4", "uint4", "int2", "uint2"}
    assert {name: bits for name, bits in BITS.items() if name in sizes and name not in packed} == {
        name: bits for name, bits in sizes.items() if name not in packed
    }
