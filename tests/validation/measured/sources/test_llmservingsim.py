from hw_specs import load_accelerator
from simulator.execution import Execution
from simulator.lowering import kernels_of
from validation.measured.row import Row
from validation.measured.sources.llmservingsim import SOURCE


def _row(op, shapes):
    return Row(
        op=op,
        shapes=shapes,
        dtype="bfloat16",
        attributes={},
        kernel="llmservingsim v0",
        source="llmservingsim",
    )


def test_attention_reads_pages():
    row = _row("aten::scaled_dot_product_attention", [[1, 32, 1, 128], [1, 8, 64, 128], [1, 8, 64, 128]])
    assert SOURCE.execution(row, load_accelerator("tpu-v6e"), Execution()).attention == "flash2_paged"


def test_layers_run_as_elsewhere():
    execution = Execution()
    assert (
        SOURCE.execution(_row("aten::linear", [[1, 64], [32, 64]]), load_accelerator("tpu-v6e"), execution) == execution
    )


def test_weights_are_not_on_chip_where_software_manages_it():
    row = _row("aten::linear", [[8, 64], [32, 64]])
    (op,) = SOURCE.operators(row)
    (kernel,) = kernels_of(op, Execution())
    resident = [SOURCE.resident_bytes(row, op, kernel, load_accelerator(name)) for name in ("tpu-v6e", "a100")]
    assert resident == [8 * 64 * 2, (8 + 32) * 64 * 2]
