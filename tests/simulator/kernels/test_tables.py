from dataclasses import replace

import numpy as np
import pytest

from simulator.kernels import KernelTables, Product, ProductTable, Scatter, Stream, StreamKind

_PRODUCT = Product(name="gemm", number_format="fp16", matrix_flops=100.0, bytes_read=30.0, m=5, n=2, k=3)
_COPY = Stream(name="copy", kind=StreamKind.COPY, number_format="fp32", bytes_read=8.0, bytes_written=8.0, elements=2)
_WRITE = Scatter(name="write", number_format="bf16", bytes_written=3.0, special_ops=1.0, rows=1, row_length=4)
_ALL = (_PRODUCT, _COPY, replace(_PRODUCT, name="second"), _WRITE)


def test_a_table_for_each_family_that_occurs():
    kernels = KernelTables.from_kernels(_ALL)
    assert len(kernels) == 4
    assert [(type(table).__name__, len(table)) for table in kernels.tables] == [
        ("ProductTable", 2),
        ("StreamTable", 1),
        ("ScatterTable", 1),
    ]
    assert kernels.family.tolist() == [0, 1, 0, 2]
    assert [rows.tolist() for _, rows in kernels] == [[0, 2], [1], [3]]


def test_columns_of_the_whole_are_in_the_order_of_the_kernels():
    kernels = KernelTables.from_kernels(_ALL, [1, 2, 3, 4])
    assert kernels.name == ("gemm", "copy", "second", "write")
    assert kernels.kind == ("matmul", "copy", "matmul", "scatter")
    assert kernels.number_format == ("fp16", "fp32", "fp16", "bf16")
    assert kernels.count.tolist() == [1, 2, 3, 4]
    assert kernels.bytes.tolist() == [30, 16, 30, 3]
    assert kernels.matrix_flops.tolist() == [100, 0, 100, 0]
    assert kernels.vector_flops.tolist() == [0, 0, 0, 0]
    assert kernels.special_ops.tolist() == [0, 0, 0, 1]
    assert KernelTables.from_kernels(_ALL).count.tolist() == [1] * 4


@pytest.mark.parametrize("rows", [[3, 0], [1], [2, 1, 2, 0], []])
def test_selecting_kernels_keeps_their_order(rows):
    chosen = KernelTables.from_kernels(_ALL, [1, 2, 3, 4]).select(np.array(rows, dtype=np.int64))
    assert chosen.name == tuple(_ALL[i].name for i in rows)
    assert chosen.count.tolist() == [i + 1 for i in rows]
    assert all(len(table) for table in chosen.tables)


def test_selecting_by_a_mask():
    assert KernelTables.from_kernels(_ALL).select(np.array([True, False, False, True])).name == ("gemm", "write")


def test_counts_go_to_the_kernels_in_their_order():
    kernels = KernelTables.from_kernels(_ALL).with_count(np.array([5.0, 6.0, 7.0, 8.0]))
    assert [table.count.tolist() for table in kernels.tables] == [[5, 7], [6], [8]]


def test_a_change_of_tables_keeps_the_order():
    doubled = KernelTables.from_kernels(_ALL).map(
        lambda table: replace(table, bytes_read=2 * table.bytes_read) if isinstance(table, ProductTable) else table
    )
    assert doubled.bytes.tolist() == [60, 16, 60, 3]


def test_no_kernels_at_all():
    kernels = KernelTables.from_kernels([])
    assert (len(kernels), kernels.tables, kernels.bytes.sum(), kernels.name) == (0, (), 0, ())
