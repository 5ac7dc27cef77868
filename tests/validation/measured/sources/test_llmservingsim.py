from hw_specs import load_accelerator
from simulator.execution import Execution
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
