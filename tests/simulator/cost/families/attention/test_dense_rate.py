"""Large products bound fused attention."""

from __future__ import annotations

import numpy as np
import pytest

from hw_specs import CalibrationPool, load_accelerator
from simulator.cost import hardware_columns, kernel_times
from simulator.cost.families.attention.dense_rate import least_attention_time
from simulator.kernels import Attention, AttentionAlgorithm, KernelTables, Product

POOL = CalibrationPool.shipped()
LENGTH, HEADS, DEPTH = 8192, 32, 128
FLOPS = 4.0 * HEADS * LENGTH**2 * DEPTH


def _attention(**columns: object) -> KernelTables:
    usual = {
        "number_format": "bf16",
        "matrix_flops": FLOPS,
        "itemsize": 2,
        "num_heads": HEADS,
        "query_length": LENGTH,
        "key_length": LENGTH,
        "head_dim": DEPTH,
        "value_dim": DEPTH,
    }
    kernel = Attention(name="attention", algorithm=AttentionAlgorithm.FLASH2, **(usual | columns))  # type: ignore[arg-type]
    return KernelTables.from_kernels([kernel])


@pytest.mark.parametrize("name", ["h100", "rtx-4090", "l40"])
def test_the_least_time_is_that_of_a_product_of_as_many_flops(name: str) -> None:
    hardware = hardware_columns([load_accelerator(name)], POOL).at_boost()
    side = 16384.0
    large = Product(
        name="product",
        number_format="bf16",
        matrix_flops=2 * side**3,
        bytes_read=4 * side**2,
        bytes_written=2 * side**2,
        itemsize=2,
        m=side,
        n=side,
        k=side,
    )
    time = kernel_times(KernelTables.from_kernels([large]), hardware).time[0, 0]
    kernels = _attention()
    (table,) = kernels.tables
    least = least_attention_time(table, hardware.at_working_clock())[0, 0]  # type: ignore[arg-type]
    assert least == pytest.approx(time * FLOPS / (2 * side**3), rel=1e-6)
    assert kernel_times(kernels, hardware).time[0, 0] >= least


def test_products_on_vector_units_are_counted_by_their_shape() -> None:
    hardware = hardware_columns([load_accelerator("p100-sxm2-16gb")], POOL)
    plain, causal = (
        _attention(number_format="fp32", matrix_flops=0.0, vector_flops=2 * FLOPS, causal=causal, itemsize=4)
        for causal in (False, True)
    )
    times = [least_attention_time(kernels.tables[0], hardware)[0, 0] for kernels in (plain, causal)]  # type: ignore[arg-type]
    assert times[0] > FLOPS / hardware.vector["fp32"][0]
    assert np.isclose(times[1], times[0] / 2)
