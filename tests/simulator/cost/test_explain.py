import numpy as np
import pytest

from simulator.cost import ExplainError, explain, kernel_times
from simulator.kernels import Implementation, KernelFamily


def test_every_term_has_a_formula_and_the_time_is_the_models(hardware, matmul):
    kernel, part = matmul(4096, 4096, 4096), hardware()
    terms = {term.name: term for term in explain(kernel, part)}
    assert terms["time"].value == kernel_times(kernel, part, fidelity="calibrated").time[0, 0]
    assert terms["bound"].value in ("matrix", "dram", "l2", "latency")
    assert terms["basis"].value == "datasheet"
    assert terms["roofline: matrix"].value == pytest.approx(2 * 4096**3 / 100e12)
    assert terms["matmul.rate"].unit == "1"
    assert all(term.formula for term in terms.values())


@pytest.mark.parametrize("implementation", [Implementation.FLASH2, Implementation.EFFICIENT, Implementation.FLASH4])
def test_every_term_of_attention_has_a_formula_of_its_own(hardware, table, implementation):
    kernel = table(
        family=KernelFamily.ATTENTION, implementation=implementation, number_format="bf16", matrix_flops=1e9, k=64.0
    )
    assert not [term.name for term in explain(kernel, hardware()) if term.formula.startswith("candidate")]


def test_only_one_kernel_is_explained(hardware, matmul):
    two = matmul(8, 8, 8).select(np.array([0, 0]))
    with pytest.raises(ExplainError, match="expected one kernel on one accelerator, got 2 on 1"):
        explain(two, hardware())
