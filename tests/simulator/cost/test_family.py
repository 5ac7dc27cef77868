import numpy as np
import pytest

from simulator.cost.family import bound_of, parameter_group
from simulator.cost.parameters import GROUPS
from simulator.cost.roofline import BOUNDS
from simulator.kernels import AccessPattern, Implementation, KernelFamily


@pytest.mark.parametrize(
    ("columns", "group"),
    [
        ({"family": KernelFamily.MATMUL, "number_format": "bf16", "matrix_flops": 1.0}, "matmul"),
        ({"family": KernelFamily.MATMUL, "number_format": "fp8", "matrix_flops": 1.0}, "matmul8"),
        ({"family": KernelFamily.MATMUL, "vector_flops": 1.0}, "vector_matmul"),
        ({"family": KernelFamily.MATMUL, "vector_flops": 1.0, "batch": 2.0}, "vector_batched"),
        ({"family": KernelFamily.CONVOLUTION, "matrix_flops": 1.0}, "convolution"),
        ({"family": KernelFamily.CONVOLUTION, "vector_flops": 1.0}, "vector_convolution"),
        ({"family": KernelFamily.ATTENTION, "matrix_flops": 1.0}, "flash2"),
        ({"family": KernelFamily.ATTENTION, "implementation": Implementation.FLASH3}, "flash3"),
        ({"family": KernelFamily.ATTENTION, "implementation": Implementation.CUDNN_ATTENTION}, "cudnn_attention"),
        ({"family": KernelFamily.ATTENTION, "causal": True}, "flash2"),
        ({"family": KernelFamily.ATTENTION, "implementation": Implementation.FLASH2_PAGED}, "flash2"),
        ({"family": KernelFamily.ATTENTION, "implementation": Implementation.FLASH4, "causal": True}, "flash4"),
        ({"family": KernelFamily.ATTENTION, "implementation": Implementation.EFFICIENT}, "efficient"),
        ({"family": KernelFamily.GATHER}, "stream"),
        ({"family": KernelFamily.GATHER, "pattern": AccessPattern.STRIDED}, "scatter"),
        ({"family": KernelFamily.NORMALIZATION, "number_format": "fp8"}, "quantize"),
        ({"family": KernelFamily.REDUCTION}, "stream"),
        ({"family": KernelFamily.COLLECTIVE}, "collective"),
    ],
)
def test_groups(table, columns, group):
    assert GROUPS[parameter_group(table(**columns))[0]] == group


def test_largest_term_bounds():
    terms = {"dram": np.array([[2.0]]), "matrix": np.array([[1.0]])}
    assert BOUNDS[bound_of(terms)[0, 0]] == "dram"
