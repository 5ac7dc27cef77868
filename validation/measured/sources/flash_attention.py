"""FlashAttention's benchmark: forward passes of several kernels beside attention in plain PyTorch, at 16k tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hw_specs import Accelerator
from simulator.execution import Execution
from simulator.lowering import execution_on
from tracer.graph import Op, TensorSpec, attributes_from
from validation.measured.row import Row

from .source import Source

__all__ = ["SOURCE"]

_NAIVE = "naive"


def _execution(row: Row, accelerator: Accelerator, execution: Execution) -> Execution:
    """Every row names its kernel, which the part must have."""
    return execution_on(accelerator, replace(execution, attention=row.kernel))


def _operators(row: Row) -> Sequence[Op]:
    """Plain PyTorch makes a causal mask in every call: full, triu and the conversion to 16 bits."""
    call = row.operator()
    if row.kernel != _NAIVE or not row.attributes.get("is_causal"):
        return (call,)
    shape = (call.inputs[0].shape[2], call.inputs[1].shape[2])
    single, narrow = TensorSpec(shape, "float32"), TensorSpec(shape, call.inputs[0].dtype)
    return (
        Op("aten::full", (), (single,), attributes_from({"size": shape})),
        Op("aten::triu", (single,), (single,), attributes_from({"diagonal": 1})),
        Op("aten::_to_copy", (single,), (narrow,), attributes_from({"dtype": narrow.dtype})),
        call,
    )


SOURCE = Source(
    name="flash-attention",
    citation="github.com/Dao-AILab/flash-attention: benchmarks/benchmark_flash_attention.py, means of 30 (BSD-3)",
    operators=_operators,
    execution=_execution,
    not_fitted=("aten::scaled_dot_product_attention",),
)
