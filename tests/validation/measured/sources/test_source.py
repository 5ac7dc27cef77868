"""What sources have in common unless they say otherwise."""

from __future__ import annotations

from hw_specs import load_accelerator
from simulator.execution import Execution
from simulator.kernels import Stream, StreamKind
from tracer.graph import Op
from validation.measured.row import Row
from validation.measured.sources.source import named_attention, named_kernels, plain_operators, touched_inputs

A100 = load_accelerator("a100")
ROW = Row(op="aten::relu", shapes=[[8]], dtype="float16", attributes={})
KERNEL = Stream(name="relu", kind=StreamKind.ELEMENTWISE, number_format="fp16", elements=8.0, bytes_read=16.0)


def test_one_eager_call_whose_inputs_an_earlier_one_has_touched() -> None:
    (op,) = plain_operators(ROW)
    assert op.name == "aten::relu"
    assert touched_inputs(ROW, Op("aten::relu", (), ()), KERNEL, A100) == 16.0


def test_a_cold_row_finds_nothing_in_the_cache() -> None:
    cold = Row(op="aten::relu", shapes=[[8]], dtype="float16", attributes={"cache": "cold"})
    assert touched_inputs(cold, Op("aten::relu", (), ()), KERNEL, A100) == 0.0


def test_attention_follows_the_name_of_the_kernel() -> None:
    named = Row(op="x", shapes=[[8]], dtype="float16", attributes={}, kernel="flash_attn_fa3")
    assert named_attention(named, A100, Execution()).attention == "flash3"
    assert named_attention(ROW, A100, Execution()) == Execution()


def test_a_kernel_that_names_a_compiler_is_compiled() -> None:
    for kernel, mode in (("liger triton", "compiled"), ("norm torch_compile", "compiled"), ("norm pytorch", "eager")):
        named = Row(op="x", shapes=[[8]], dtype="float16", attributes={}, kernel=kernel)
        assert named_kernels(named, A100, Execution()).mode == mode
