"""Which units of an accelerator run a contraction."""

from __future__ import annotations

import pytest

from hw_specs import load_accelerator
from simulator.cost import UnsupportedFormatError
from simulator.execution import Execution
from simulator.kernels import (
    Attention,
    AttentionAlgorithm,
    Convolution,
    FamilyTable,
    KernelTables,
    Product,
    Stream,
    StreamKind,
)
from simulator.lowering import assign_units, execution_on


def _table(number_format: str) -> KernelTables:
    work = {"number_format": number_format, "matrix_flops": 100.0, "vector_flops": 1.0}
    copy = Stream(name="copy", kind=StreamKind.COPY, number_format="fp64", bytes_read=8.0, elements=1)
    return KernelTables.from_kernels([Product(name="gemm", m=1, n=1, k=1, **work), copy])


def _attention(number_format: str, algorithm: AttentionAlgorithm) -> KernelTables:
    work = {"number_format": number_format, "matrix_flops": 100.0, "vector_flops": 1.0}
    extents = {"num_heads": 1, "query_length": 1, "key_length": 1, "head_dim": 1, "value_dim": 1}
    return KernelTables.from_kernels([Attention(name="attention", algorithm=algorithm, **work, **extents)])


def _only(kernels: KernelTables) -> FamilyTable:
    (table,) = kernels.tables
    return table


@pytest.mark.parametrize(
    ("accelerator", "number_format", "matrix", "vector"),
    [
        ("a100", "fp16", 100, 1),
        ("a100", "tf32", 100, 1),
        ("a100", "fp32", 0, 101),  # no matrix units for float32
        ("v100", "fp16", 100, 1),
        ("v100", "tf32", 0, 101),  # no tf32 at all: float32, on vector units
        ("p100", "fp16", 0, 101),
        ("h100", "fp8", 100, 1),
    ],
)
def test_matrix_or_vector_units(accelerator, number_format, matrix, vector):
    table = assign_units(_table(number_format), load_accelerator(accelerator))
    assert (table.matrix_flops[0], table.vector_flops[0]) == (matrix, vector)
    assert (table.matrix_flops + table.vector_flops).sum() == 101


@pytest.mark.parametrize(("accelerator", "number_format"), [("v100", "bf16"), ("a100", "fp8"), ("v100", "fp8")])
def test_a_format_that_the_part_lacks(accelerator, number_format):
    part = load_accelerator(accelerator)
    with pytest.raises(UnsupportedFormatError) as caught:
        assign_units(_table(number_format), part)
    message = str(caught.value)
    assert message.startswith(f"{part.name} cannot multiply matrices in {number_format}; valid: ")
    assert "fp16" in message


def test_a_copy_needs_no_arithmetic():
    part = load_accelerator("h100")
    assert assign_units(_table("fp16"), part).number_format == ("fp16", "fp64")


def test_fused_float32_attention_is_three_tf32_products():
    table = _attention("fp32", AttentionAlgorithm.SPLIT_FLOAT32)
    ampere, volta = (_only(assign_units(table, load_accelerator(name))) for name in ("a100", "v100"))
    assert ampere.formats[ampere.number_format[0]] == "tf32"
    assert (ampere.matrix_flops[0], ampere.vector_flops[0]) == (300, 1)
    assert volta.formats[volta.number_format[0]] == "fp32"
    assert (volta.matrix_flops[0], volta.vector_flops[0]) == (0, 101)
    assert [t.algorithm[0] for t in (ampere, volta)] == [AttentionAlgorithm.EFFICIENT] * 2


@pytest.mark.parametrize(
    ("accelerator", "asked", "runs"),
    [
        ("a100", AttentionAlgorithm.FLASH2, AttentionAlgorithm.FLASH2),
        ("a100", AttentionAlgorithm.EFFICIENT, AttentionAlgorithm.EFFICIENT),
        ("h100", AttentionAlgorithm.FLASH4, AttentionAlgorithm.FLASH3),
        ("b200", AttentionAlgorithm.FLASH4, AttentionAlgorithm.FLASH4),
        ("mi300x", AttentionAlgorithm.EFFICIENT, AttentionAlgorithm.FLASH2),
    ],
)
def test_fused_attention_as_the_part_has_it(accelerator, asked, runs):
    kernels = assign_units(_attention("fp16", asked), load_accelerator(accelerator))
    assert _only(kernels).algorithm[0] == runs


@pytest.mark.parametrize("part", ["p100", "gtx-1080-ti"])
def test_half_precision_without_matrix_units_adds_up_in_float32(part):
    kernels = assign_units(_table("fp16"), load_accelerator(part))
    assert kernels.number_format == ("fp32", "fp64")
    assert kernels.tables[0].itemsize[0] == 2  # operands stay what they are


def test_the_table_is_left_as_it_was():
    table = _table("fp32")
    assign_units(table, load_accelerator("v100"))
    assert (table.matrix_flops[0], table.number_format) == (100, ("fp32", "fp64"))


def test_tf32_is_of_the_parts_that_have_it() -> None:
    assert execution_on(load_accelerator("a100")).convolution_tf32
    assert not execution_on(load_accelerator("v100"), Execution(matmul_tf32=True)).matmul_tf32
    assert not execution_on(load_accelerator("xeon_8480plus")).convolution_tf32


def test_cpus_run_convolutions_without_winograd() -> None:
    filters = Convolution(
        name="conv2d",
        number_format="fp32",
        matrix_flops=1e6,
        positions=64,
        output_channels=8,
        reduced_length=72,
        winograd=True,
    )
    kernels = KernelTables.from_kernels([filters])
    assert _only(assign_units(kernels, load_accelerator("v100"))).winograd.tolist() == [True]
    on_cpu = _only(assign_units(kernels, load_accelerator("xeon_8480plus")))
    assert on_cpu.winograd.tolist() == [False]
    assert on_cpu.vector_flops.tolist() == [1e6]
