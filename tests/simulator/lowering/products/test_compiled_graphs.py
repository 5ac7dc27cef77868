from dataclasses import replace

import numpy as np
import pytest

from hw_specs import load_accelerator
from simulator.cost import UnsupportedFormatError
from simulator.execution import Execution
from simulator.kernels import Attention, AttentionAlgorithm, KernelTables, Product
from simulator.lowering import assign_units, execution_on
from simulator.lowering.products.compiled_graphs import compiled_remarks, in_compiled_formats, is_compiled


def _product(number_format):
    return Product(
        name="gemm", number_format=number_format, matrix_flops=2e9, itemsize=4.0, m=1000.0, n=1000.0, k=1000.0
    )


@pytest.mark.parametrize("mode", ["eager", "compiled", "cuda-graph"])
def test_whatever_is_asked_for_a_compiled_graph_runs(mode):
    asked = Execution(mode=mode, components=("unet",))
    ran = execution_on(load_accelerator("tpu-v6e"), asked)
    assert (ran.mode, ran.components) == ("fused", ())
    assert execution_on(load_accelerator("h100"), asked).mode == mode


def test_float32_is_multiplied_in_the_format_that_the_compiler_takes():
    tables = KernelTables.from_kernels([_product("fp32"), _product("bf16")])
    on_part = assign_units(tables, load_accelerator("tpu-v5e"))
    assert set(on_part.number_format) == {"bf16"}
    assert (on_part.matrix_flops == tables.matrix_flops).all()
    assert on_part.tables[0].itemsize.tolist() == [4.0, 4.0]


def test_a_format_without_units_is_refused_though_vector_units_have_it():
    with pytest.raises(
        UnsupportedFormatError, match=r"TPU-v5e cannot multiply matrices in fp16; valid: bf16, int4, int8"
    ):
        assign_units(KernelTables.from_kernels([_product("fp16")]), load_accelerator("tpu-v5e"))


def test_attention_in_float32_is_not_split_in_three():
    kernel = Attention(
        name="attention",
        number_format="fp32",
        matrix_flops=1e9,
        algorithm=AttentionAlgorithm.SPLIT_FLOAT32,
        num_heads=8.0,
        query_length=1024.0,
        key_length=1024.0,
        head_dim=64.0,
        value_dim=64.0,
    )
    (table,) = KernelTables.from_kernels([kernel]).tables
    on_part = in_compiled_formats(table, load_accelerator("trainium1"))
    assert on_part.formats == ("bf16",)
    assert on_part.algorithm.tolist() == [AttentionAlgorithm.EFFICIENT]
    assert on_part.matrix_flops.tolist() == [1e9]
    assert in_compiled_formats(table, load_accelerator("h100")) is table


def test_a_report_says_what_runs_in_two_lines():
    tables = KernelTables.from_kernels([_product("fp32")])
    first, second = compiled_remarks(load_accelerator("trainium1"), tables)
    assert "neuronx-cc" in first
    assert "--execution" in first
    assert "float32 run in bf16" in second
    assert list(compiled_remarks(load_accelerator("h100"), tables)) == []
    narrow = KernelTables.from_kernels([replace(_product("bf16"), itemsize=2.0)])
    assert len(list(compiled_remarks(load_accelerator("gaudi3"), narrow))) == 1


def test_engines_of_thread_blocks_are_not_compiled_graphs():
    names = ("tpu-v3", "gaudi", "trainium2", "inferentia2", "h100", "mi300x")
    found = np.array([is_compiled(load_accelerator(name).traits) for name in names])
    assert found.tolist() == [True, True, True, True, False, False]
