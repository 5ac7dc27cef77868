"""FlashAttention's benchmark: passes of several kernels beside attention in plain PyTorch, at 16k tokens."""

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


#: Gradients of attention by the kernel of the forward pass.
_BACKWARD = {
    "flash2": "aten::_scaled_dot_product_flash_attention_backward",
    "efficient": "aten::_scaled_dot_product_efficient_attention_backward",
    "cudnn": "aten::_scaled_dot_product_cudnn_attention_backward",
}


def _operators(row: Row) -> Sequence[Op]:
    """The call, and its gradients where the row is of both.

    Raises
    ------
    LookupError
        Nothing describes the backward pass of the kernel.
    """
    call = row.operator()
    if not row.attributes.get("backward"):
        return _forward(row, call)
    if row.kernel not in _BACKWARD:
        raise LookupError(f"backward pass of attention {row.kernel} is not modelled")
    return (*_forward(row, call), _gradients(call, _BACKWARD[row.kernel]))


def _gradients(call: Op, name: str) -> Op:
    """Reads the output's gradient, the output and a sum of each row of scores beside what the call read."""
    (out,), query = call.outputs, call.inputs[0]
    sums = TensorSpec(query.shape[:-1], "float32")
    gradients = tuple(TensorSpec(t.shape, t.dtype, t.strides) for t in call.inputs[:3])
    return Op(name, (out, *call.inputs[:3], out, sums), gradients, call.attributes)


def _forward(row: Row, call: Op) -> Sequence[Op]:
    """Plain PyTorch makes a causal mask in every call: full, triu and the conversion to 16 bits."""
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
