import numpy as np
import pytest

from hw_specs import load_accelerator
from hw_specs.energy_calibration import EnergyParameters
from simulator.cost.energies import kernel_amounts, kernel_energies
from simulator.kernels import (
    Attention,
    AttentionAlgorithm,
    Kernel,
    KernelTables,
    Product,
    RowKind,
    RowWise,
    Stream,
    StreamKind,
)

A100 = load_accelerator("a100_sxm4_80gb")
PARAMETERS = EnergyParameters(
    idle=60, active=200, matrix=1e-12, vector=5e-12, special=2e-11, score=1e-10, dram=5e-11, cache=1e-11
)


def _table(*kernels: Kernel) -> KernelTables:
    return KernelTables.from_kernels(kernels)


def test_a_product_by_hand() -> None:
    # 40 MB beyond the cache: all of it from DRAM, and all of it through the cache.
    kernel = Product(
        name="gemm",
        number_format="fp16",
        m=1,
        n=1,
        k=1,
        matrix_flops=1e12,
        bytes_read=3e8,
        bytes_written=1e8,
    )
    energy = kernel_energies(_table(kernel), A100, PARAMETERS)
    assert energy[0] == pytest.approx(1e12 * 1e-12 + 4e8 * 5e-11 + 4e8 * 1e-11)


@pytest.mark.parametrize(("name", "ratio"), [("fp16", 1), ("bf16", 1), ("tf32", 2), ("fp64", 16), ("int8", 0.5)])
def test_energy_goes_with_the_inverse_of_the_rate(name: str, ratio: float) -> None:
    kernel = Product(name="gemm", number_format=name, matrix_flops=1e9, m=1, n=1, k=1)
    assert kernel_amounts(_table(kernel), A100)["matrix"][0] == pytest.approx(ratio * 1e9)
    assert A100.peak.matrix["fp16"] / A100.peak.matrix[name] == pytest.approx(ratio, rel=0.01)


def test_scores_are_the_exponentials_of_fused_attention_alone() -> None:
    extents = {"num_heads": 1, "query_length": 1, "key_length": 1, "head_dim": 1, "value_dim": 1}
    flash = AttentionAlgorithm.FLASH2
    fused = Attention(name="a", algorithm=flash, number_format="fp16", special_ops=7.0, **extents)
    softmax = RowWise(name="s", kind=RowKind.SOFTMAX, number_format="fp16", special_ops=5.0, rows=1, row_length=1)
    amounts = kernel_amounts(_table(fused, softmax), A100)
    assert amounts["score"].tolist() == [7.0, 0.0]
    assert amounts["special"].tolist() == [7.0, 5.0]


def test_what_the_cache_holds_costs_no_dram() -> None:
    def copy(resident: float) -> Stream:
        return Stream(
            name="copy",
            kind=StreamKind.COPY,
            elements=1,
            number_format="fp16",
            bytes_read=1e6,
            bytes_written=1e6,
            resident_bytes=resident,
        )

    amounts = kernel_amounts(_table(copy(0.0), copy(1e6)), A100)
    assert amounts["dram"].tolist() == [2e6, 0.0]
    assert amounts["cache"].tolist() == [2e6, 2e6]


def test_vector_work_in_double_precision_costs_twice() -> None:
    single, double = (
        Stream(name=n, kind=StreamKind.ELEMENTWISE, number_format=n, vector_flops=3.0, elements=1)
        for n in ("fp32", "fp64")
    )
    assert kernel_amounts(_table(single, double), A100)["vector"].tolist() == [3.0, 6.0]


def test_no_work_costs_nothing() -> None:
    kernel = Stream(name="none", kind=StreamKind.COPY, number_format="fp16", elements=1)
    assert np.array_equal(kernel_energies(_table(kernel), A100, PARAMETERS), [0.0])
