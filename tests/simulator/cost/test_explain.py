import numpy as np
import pytest

from simulator.cost import ExplainError, explain, kernel_times
from simulator.kernels import Attention, AttentionAlgorithm, KernelTables


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


@pytest.mark.parametrize("algorithm", ["FLASH2", "EFFICIENT", "FLASH4"])
def test_every_term_of_attention_has_a_formula_of_its_own(hardware, table, algorithm):
    columns = {"number_format": "bf16", "matrix_flops": 1e9, "head_dim": 64.0}
    kernel = _alone(table(Attention, algorithm=AttentionAlgorithm[algorithm], **columns))
    assert not [term.name for term in explain(kernel, hardware()) if term.formula.startswith("candidate")]


def test_only_one_kernel_is_explained(hardware, matmul):
    two = _alone(matmul(8, 8, 8)).select(np.array([0, 0]))
    with pytest.raises(ExplainError, match="expected one kernel on one accelerator, got 2 on 1"):
        explain(two, hardware())
