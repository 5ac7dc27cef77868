from dataclasses import replace

import numpy as np
import pytest

from simulator.kernels import (
    AccessPattern,
    Attention,
    AttentionAlgorithm,
    Collective,
    Convolution,
    Kernel,
    Product,
    RowWise,
    Scatter,
    Stream,
    StreamKind,
)


@pytest.mark.parametrize("kernel_type", [Product, Attention, Convolution, Stream, RowWise, Scatter, Collective])
def test_every_family_has_the_columns_of_all(kernel_type):
    common = (
        "matrix_flops",
        "vector_flops",
        "special_ops",
        "bytes_read",
        "bytes_written",
        "resident_bytes",
        "itemsize",
    )
    assert kernel_type.number_names()[: len(common)] == common == Kernel.number_names()
    assert set(kernel_type.dtypes().values()) <= {np.float64, np.bool_, np.int64}


def test_types_of_columns_follow_what_they_hold():
    dtypes = Attention.dtypes()
    assert (dtypes["head_dim"], dtypes["causal"], dtypes["algorithm"]) == (np.float64, np.bool_, np.int64)
    assert not {"name", "number_format"} & set(dtypes)


def test_numbers_are_in_the_order_of_their_names():
    product = Product(name="gemm", number_format="fp16", bytes_read=3.0, m=5, n=7, k=11)
    assert dict(zip(product.number_names(), product.numbers(), strict=True)) == {
        "matrix_flops": 0,
        "vector_flops": 0,
        "special_ops": 0,
        "bytes_read": 3,
        "bytes_written": 0,
        "resident_bytes": 0,
        "itemsize": 2,
        "batch": 1,
        "m": 5,
        "n": 7,
        "k": 11,
    }


def test_kernels_are_the_same_where_all_of_them_is():
    copy = Stream(name="copy", kind=StreamKind.COPY, number_format="fp16", elements=8, pattern=AccessPattern.STRIDED)
    assert len({copy, replace(copy), replace(copy, elements=9), replace(copy, pattern=AccessPattern.TRANSPOSED)}) == 3


def test_a_wrong_name_is_an_error():
    with pytest.raises(TypeError, match="query_len"):
        Attention(name="a", number_format="fp16", algorithm=AttentionAlgorithm.FLASH2, query_len=3)
