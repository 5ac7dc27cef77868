import pytest

from simulator.cost.families import (
    FAMILIES,
    GROUPS,
    PARAMETERS,
    family_of,
    group_cost,
    group_named,
    groups_of,
    parameter_group,
)
from simulator.kernels import (
    Attention,
    AttentionAlgorithm,
    Collective,
    Convolution,
    Kernel,
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


def test_every_kernel_has_a_family_of_its_own():
    tables = [family.table for family in FAMILIES]
    kinds = {table.kernel_type for table in tables}
    assert len(tables) == len(set(tables)) == len(kinds)
    assert kinds == set(Kernel.__subclasses__())


def test_groups_are_named_once():
    names = [group.name for family in FAMILIES for group in family.groups]
    names += [group.name for family in FAMILIES for group in family.systolic]
    assert tuple(names) == GROUPS
    assert len(names) == len(set(names))
    assert {parameter.group for parameter in PARAMETERS.values()} == set(GROUPS)


def test_relatives_have_no_parameter_that_the_group_lacks():
    for name in GROUPS:
        group = group_named(name)
        for other in (*group.related, *group.borrowed):
            assert other in GROUPS
        for other in group.related:
            names = group_named(other).parameters.declarations()
            assert set(names) <= set(group.parameters.declarations())


def test_a_group_costs_its_kernels(table, hardware):
    add = table(Stream, bytes_read=1e9, elements=1e9)
    assert family_of(add).groups[0].name == "stream"
    assert group_cost("stream", add, hardware()).time.shape == (1, 1)
