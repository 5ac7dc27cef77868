import numpy as np

from simulator.kernels import Scatter, ScatterTable


def test_columns():
    kernel = Scatter(name="write", number_format="fp16", rows=5, row_length=128)
    table = ScatterTable.from_kernels([kernel], np.ones(1))
    assert (table.rows[0], table.row_length[0]) == (5, 128)
    assert table.kind_names() == ("scatter",)
