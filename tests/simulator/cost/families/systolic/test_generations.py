"""Every systolic accelerator of the catalogue: attention beside products, and newer generations beside older ones."""

import numpy as np
import pytest

from hw_specs import CalibrationPool, list_accelerators, load_accelerator
from simulator.cost import hardware_columns, kernel_times
from simulator.kernels import Attention, AttentionAlgorithm, KernelTables, Product, RowKind, RowWise

_PARTS = [name for name in list_accelerators() if load_accelerator(name).traits.engine == "systolic"]
_FLASH, _PAGED = AttentionAlgorithm.FLASH2, AttentionAlgorithm.FLASH2_PAGED


def _product(m, n, k):
    sizes = {"m": m, "n": n, "k": k, "bytes_read": 2.0 * k * (m + n), "bytes_written": 2.0 * m * n}
    return Product(name="gemm", number_format="bf16", matrix_flops=2.0 * m * n * k, **sizes)


def _attention(heads, queries, keys, head, algorithm=_FLASH):
    return Attention(
        name="attention",
        number_format="bf16",
        matrix_flops=4.0 * heads * queries * keys * head,
        special_ops=heads * queries * keys,
        bytes_read=2.0 * heads * (queries + 2.0 * keys) * head,
        bytes_written=2.0 * heads * queries * head,
        algorithm=algorithm,
        num_heads=heads,
        query_length=queries,
        key_length=keys,
        head_dim=head,
        value_dim=head,
    )


_PRODUCTS = [_product(8192.0, 8192.0, 8192.0), _product(16384.0, 16384.0, 16384.0)]
_ATTENTIONS = [
    _attention(heads, length, length, head, algorithm)
    for heads, length in ((32.0, 16384.0), (16.0, 4096.0))
    for head in (64.0, 128.0, 256.0)
    for algorithm in (_FLASH, _PAGED)
]
_OTHERS = [
    _product(1.0, 4096.0, 4096.0),
    _product(77.0, 1280.0, 2048.0),
    _attention(32.0, 1.0, 2048.0, 128.0, _PAGED),
    RowWise(
        name="softmax",
        number_format="bf16",
        kind=RowKind.SOFTMAX,
        rows=1e5,
        row_length=4096.0,
        vector_flops=1.6e9,
        special_ops=4e8,
        bytes_read=8e8,
        bytes_written=8e8,
    ),
]
_KERNELS = KernelTables.from_kernels([*_PRODUCTS, *_ATTENTIONS, *_OTHERS])


def _times(name):
    hardware = hardware_columns([load_accelerator(name)], CalibrationPool.shipped())
    return kernel_times(_KERNELS, hardware).time[:, 0]


@pytest.mark.parametrize("name", _PARTS)
def test_no_attention_runs_faster_than_the_best_product(name):
    rates = _KERNELS.matrix_flops / _times(name)
    products, attentions = rates[: len(_PRODUCTS)], rates[len(_PRODUCTS) :][: len(_ATTENTIONS)]
    assert attentions.max() <= products.max()
    assert products.max() <= load_accelerator(name).peak.matrix["bf16"]


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("tpu-v3", "tpu-v4"),
        ("tpu-v4", "tpu-v5p"),
        ("tpu-v5e", "tpu-v6e"),
        ("tpu-v5p", "tpu-v7x"),
        ("gaudi", "gaudi2"),
        ("gaudi2", "gaudi3"),
        ("trainium1", "trainium2"),
    ],
)
def test_a_newer_part_with_more_of_everything_is_never_slower(older, newer):
    before, after = _times(older), _times(newer)
    assert {name: round(ratio, 3) for name, ratio in zip(_KERNELS.name, after / before, strict=True) if ratio > 1} == {}
    assert np.isfinite(after).all()
