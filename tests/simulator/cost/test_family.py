import numpy as np
import pytest

from simulator.cost.family import bound_of, groups_of, parameter_group
from simulator.cost.parameters import GROUPS
from simulator.cost.roofline import BOUNDS
from simulator.kernels import (
    Attention,
    AttentionAlgorithm,
    Collective,
    Convolution,
    KernelTables,
    Product,
    RowKind,
    RowWise,
    Scatter,
    Stream,
    StreamKind,
)


@pytest.mark.parametrize(
    ("kernel_type", "columns", "group"),
    [
        (Product, {"number_format": "bf16", "matrix_flops": 1.0}, "matmul"),
        (Product, {"number_format": "fp8", "matrix_flops": 1.0}, "matmul8"),
        (Product, {"vector_flops": 1.0}, "vector_matmul"),
        (Product, {"vector_flops": 1.0, "batch": 2.0}, "vector_batched"),
        (Convolution, {"matrix_flops": 1.0}, "convolution"),
        (Convolution, {"vector_flops": 1.0}, "vector_convolution"),
        (Attention, {"matrix_flops": 1.0}, "flash2"),
        (Attention, {"algorithm": AttentionAlgorithm.FLASH3}, "flash3"),
        (Attention, {"algorithm": AttentionAlgorithm.CUDNN}, "cudnn_attention"),
        (Attention, {"causal": True}, "flash2"),
        (Attention, {"algorithm": AttentionAlgorithm.FLASH2_PAGED}, "flash2"),
        (Attention, {"algorithm": AttentionAlgorithm.FLASH4, "causal": True}, "flash4"),
        (Attention, {"algorithm": AttentionAlgorithm.EFFICIENT}, "efficient"),
        (Stream, {"kind": StreamKind.GATHER}, "stream"),
        (Scatter, {}, "scatter"),
        (RowWise, {"number_format": "fp8"}, "quantize"),
        (RowWise, {"kind": RowKind.SOFTMAX}, "softmax"),
        (Collective, {}, "collective"),
    ],
)
def test_groups(table, kernel_type, columns, group):
    assert GROUPS[groups_of(table(kernel_type, **columns))[0]] == group


def test_kernels_of_several_families_have_their_groups_in_order():
    stream = Stream(name="add", number_format="fp32", kind=StreamKind.ELEMENTWISE, elements=1)
    product = Product(name="gemm", number_format="fp16", matrix_flops=1.0, m=1, n=1, k=1)
    codes = parameter_group(KernelTables.from_kernels([stream, product, stream]))
    assert [GROUPS[code] for code in codes] == ["stream", "matmul", "stream"]


def test_largest_term_bounds():
    terms = {"dram": np.array([[2.0]]), "matrix": np.array([[1.0]])}
    assert BOUNDS[bound_of(terms)[0, 0]] == "dram"
