import numpy as np

from simulator.kernels import Product, ProductTable


def test_one_product_unless_a_batch_is_given():
    kernel = Product(name="gemm", number_format="fp16", m=5, n=2, k=3)
    table = ProductTable.from_kernels([kernel], np.ones(1))
    assert (table.batch[0], table.m[0], table.n[0], table.k[0]) == (1, 5, 2, 3)
    assert table.contracts
