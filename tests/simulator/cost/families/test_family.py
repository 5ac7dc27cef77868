import numpy as np

from simulator.cost.families.family import Family, ParameterGroup, bound_of, every, narrow, parameters_of
from simulator.cost.families.matmul import MATMUL
from simulator.cost.roofline import BOUNDS
from simulator.kernels import KernelTables, Product, ProductTable


def _products(*formats: str) -> ProductTable:
    kernels = [Product(name="gemm", number_format=name, m=i + 1, n=1, k=1) for i, name in enumerate(formats)]
    return KernelTables.from_kernels(kernels).tables[0]


def test_largest_term_bounds():
    terms = {"dram": np.array([[2.0]]), "matrix": np.array([[1.0]])}
    assert BOUNDS[bound_of(terms)[0, 0]] == "dram"


def test_eight_bits_and_fewer_are_narrow():
    assert narrow(_products("fp16", "fp8", "fp32", "int4")).tolist() == [False, True, False, True]
    assert every(_products("fp16", "fp8")).tolist() == [True, True]


def test_the_last_group_that_holds_a_kernel_gets_it():
    common = {"parameters": MATMUL.parameters, "cost": MATMUL.cost}
    groups = (
        ParameterGroup(name="all", holds=every, **common),
        ParameterGroup(name="narrow", holds=narrow, **common),
        ParameterGroup(name="tall", holds=lambda table: table.m > 2, **common),
    )
    family = Family(table=ProductTable, groups=groups, formulas={})
    assert family.group_positions(_products("fp16", "fp8", "fp8")).tolist() == [0, 1, 2]


def test_parameters_of_a_group_are_its_record(hardware):
    part = hardware()
    assert parameters_of(part, MATMUL) is part.parameters["matmul"]
