"""The kernel table: rows to columns and back."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from simulator.kernels import AccessPattern, Implementation, Kernel, KernelFamily, KernelTable

_PRODUCT = Kernel(
    name="gemm",
    family=KernelFamily.MATMUL,
    number_format="fp16",
    implementation=Implementation.DEFAULT,
    matrix_flops=100.0,
    vector_flops=10.0,
    bytes_read=30.0,
    bytes_written=12.0,
    m=5,
    n=2,
    k=10,
    num_inputs=2,
)
_COPY = Kernel(
    name="copy",
    family=KernelFamily.COPY,
    number_format="fp32",
    bytes_read=8.0,
    bytes_written=8.0,
    resident_bytes=8.0,
    itemsize=4.0,
    pattern=AccessPattern.TRANSPOSED,
    causal=True,
)


def _row(table: KernelTable, index: int) -> Kernel:
    """A row of the table as the kernel that it was made from."""
    values = {f.name: getattr(table, f.name)[index] for f in fields(Kernel) if f.name != "number_format"}
    return Kernel(number_format=table.formats[table.number_format[index]], **values)


@pytest.mark.parametrize("kernels", [[_PRODUCT], [_PRODUCT, _COPY], [_COPY, _PRODUCT, _COPY]])
def test_every_field_of_a_kernel_is_a_column(kernels):
    table = KernelTable.from_kernels(kernels)
    assert len(table) == len(kernels)
    assert [_row(table, i) for i in range(len(kernels))] == kernels


def test_totals():
    table = KernelTable.from_kernels([_PRODUCT, _COPY], [3, 4])
    assert table.bytes.tolist() == [42, 16]
    assert table.flops.tolist() == [110, 0]
    assert table.count.tolist() == [3, 4]
    assert KernelTable.from_kernels([_PRODUCT]).count.tolist() == [1]


def test_formats_are_named_once():
    table = KernelTable.from_kernels([_PRODUCT, _COPY, replace(_COPY, name="other")])
    assert table.formats == ("fp16", "fp32")
    assert table.number_format.tolist() == [0, 1, 1]


@pytest.mark.parametrize("rows", [np.array([1, 0]), np.array([False, True, False])])
def test_selecting_rows_by_index_or_mask(rows):
    table = KernelTable.from_kernels([_PRODUCT, _COPY, _PRODUCT], [1, 2, 3])
    chosen = table.select(rows)
    index = np.arange(3)[rows]
    assert chosen.name == tuple(table.name[i] for i in index)
    assert chosen.count.tolist() == table.count[index].tolist()
    assert [_row(chosen, i) for i in range(len(chosen))] == [_row(table, i) for i in index]


def test_an_empty_table():
    table = KernelTable.from_kernels([])
    assert len(table) == 0
    assert table.bytes.sum() == 0
    assert len(table.select(np.zeros(0, dtype=np.int64))) == 0
