import numpy as np
import pytest

from simulator.cost import FAMILIES, GROUPS, ExplainError, explain, kernel_times
from simulator.cost.families import group_cost
from simulator.kernels import Convolution, KernelTables


def _alone(table):
    return KernelTables(tables=(table,), family=np.zeros(1, dtype=np.int64))


def test_every_term_has_a_formula_and_the_time_is_the_models(hardware, matmul):
    kernel, part = _alone(matmul(4096, 4096, 4096)), hardware()
    terms = {term.name: term for term in explain(kernel, part)}
    assert terms["time"].value == kernel_times(kernel, part, fidelity="calibrated").time[0, 0]
    assert terms["bound"].value in ("matrix", "dram", "l2", "latency")
    assert terms["basis"].value == "datasheet"
    assert terms["roofline: matrix"].value == pytest.approx(2 * 4096**3 / 100e12)
    assert terms["matmul.rate"].unit == "1"
    assert all(term.formula for term in terms.values())


@pytest.mark.parametrize("name", GROUPS)
def test_every_term_of_every_group_has_a_formula(hardware, table, name):
    family = next(f for f in FAMILIES if name in {group.name for group in f.every_group})
    shown = group_cost(name, table(family.table.kernel_type, matrix_flops=1.0, number_format="bf16"), hardware()).terms
    assert set(shown) <= set(family.formulas_of(name))


def test_codes_are_shown_as_what_they_stand_for(hardware, table):
    kernel = _alone(table(Convolution, vector_flops=1e9, positions=64.0, output_channels=64.0, reduced_length=64.0))
    terms = {term.name: term for term in explain(kernel, hardware())}
    assert terms["algorithm"][1:3] == ("implicit product", "")
    assert terms["time of implicit product"].formula == "candidate; the fastest is taken"


def test_only_one_kernel_is_explained(hardware, matmul):
    two = _alone(matmul(8, 8, 8)).select(np.array([0, 0]))
    with pytest.raises(ExplainError, match="expected one kernel on one accelerator, got 2 on 1"):
        explain(two, hardware())
