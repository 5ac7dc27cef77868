from simulator.kernels import Product
from simulator.lowering.graphs.distinct import DistinctKernels


def _kernel(length: float) -> Product:
    return Product(name="gemm", number_format="fp16", m=length, n=8.0, k=4.0)


def test_each_kernel_has_one_row():
    kernels = DistinctKernels()
    assert [kernels.row(_kernel(m)) for m in (1.0, 2.0, 1.0, 3.0, 2.0)] == [0, 1, 0, 2, 1]
    assert kernels.table().tables[0].m.tolist() == [1, 2, 3]


def test_growing_kernels_have_a_row_for_each_repeat():
    kernels = DistinctKernels()
    kernels.row(_kernel(7.0))
    points = (_kernel(1.0), _kernel(2.0), _kernel(3.0))
    assert kernels.grown_rows(points, 3).tolist() == [1, 2, 3]
    assert kernels.grown_rows(points, 3).tolist() == [1, 2, 3]
    assert kernels.grown_rows((_kernel(7.0),) * 3, 3) == 0
    assert kernels.table().tables[0].m.tolist() == [7, 1, 2, 3]
