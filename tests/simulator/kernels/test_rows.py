import numpy as np

from simulator.kernels import RowKind, RowWise, RowWiseTable


def test_rows_times_their_length_are_walked():
    assert RowWise(name="norm", number_format="fp32", kind=RowKind.NORMALIZATION, rows=4, row_length=8).walked == 32


def test_kinds_are_named():
    kernels = [RowWise(name="k", number_format="fp32", kind=kind, rows=1, row_length=1) for kind in RowKind]
    table = RowWiseTable.from_kernels(kernels, np.ones(len(kernels)))
    assert table.kind_names() == ("normalization", "softmax", "moments")
