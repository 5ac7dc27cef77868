from dataclasses import fields

import numpy as np
import pytest

from simulator.kernels import Kernel, Product, ProductTable, Stream, StreamKind, StreamTable
from simulator.kernels.table import table_type

_PRODUCT = Product(
    name="gemm", number_format="fp16", matrix_flops=100.0, bytes_read=30.0, bytes_written=12.0, m=5, n=2, k=3
)
_WIDE = Product(
    name="wide", number_format="fp32", vector_flops=10.0, bytes_read=8.0, itemsize=4.0, batch=2, m=1, n=2, k=3
)


def _table(*kernels: Product) -> ProductTable:
    return ProductTable.from_kernels(kernels, np.arange(1.0, len(kernels) + 1))


def _row(table: ProductTable, index: int) -> Kernel:
    """A row of the table as the kernel that it was made from."""
    values = {f.name: getattr(table, f.name)[index] for f in fields(Product) if f.name != "number_format"}
    return Product(number_format=table.formats[table.number_format[index]], **values)


def test_every_field_of_a_kernel_is_a_column():
    kernels = [_PRODUCT, _WIDE, _PRODUCT]
    table = _table(*kernels)
    assert len(table) == 3
    assert [_row(table, i) for i in range(3)] == kernels


def test_formats_are_named_once():
    table = _table(_WIDE, _PRODUCT, _WIDE)
    assert table.formats == ("fp16", "fp32")
    assert table.number_format.tolist() == [1, 0, 1]


def test_bytes_are_those_read_and_written():
    table = _table(_PRODUCT, _WIDE)
    assert table.bytes.tolist() == table.memory_bytes.tolist() == [42, 8]
    assert table.link_bytes.tolist() == [0, 0]


def test_a_family_says_what_it_adds_to_the_common_columns():
    extents = _table(_PRODUCT, _WIDE).extents()
    assert {name: values.tolist() for name, values in extents.items()} == {
        "batch": [1, 2],
        "m": [5, 1],
        "n": [2, 2],
        "k": [3, 3],
    }


@pytest.mark.parametrize("rows", [np.array([1, 0]), np.array([False, True, False])])
def test_selecting_rows_by_index_or_mask(rows):
    table = _table(_PRODUCT, _WIDE, _PRODUCT)
    chosen, index = table.select(rows), np.arange(3)[rows]
    assert chosen.count.tolist() == table.count[index].tolist()
    assert [_row(chosen, i) for i in range(len(chosen))] == [_row(table, i) for i in index]


def test_a_kernel_finds_its_table():
    assert table_type(Product) is ProductTable
    assert table_type(Stream) is StreamTable
    copy = Stream(name="copy", kind=StreamKind.COPY, number_format="fp16", elements=8)
    assert StreamTable.from_kernels([copy], np.ones(1)).kind_names() == ("copy",)
    assert _table(_PRODUCT).kind_names() == ("matmul",)
