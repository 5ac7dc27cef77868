"""LLMServingSim: operators of language models that vLLM serves, by profiler."""

from __future__ import annotations

from dataclasses import replace

from hw_specs import Accelerator
from simulator.cost.hardware.cores import SYSTOLIC
from simulator.execution import Execution
from simulator.kernels import Kernel
from tracer.graph import Op
from tracer.operators import Kind, kind_of
from validation.measured.row import Row

from .source import Source, named_kernels, touched_inputs

__all__ = ["SOURCE"]


def _execution(row: Row, accelerator: Accelerator, execution: Execution) -> Execution:
    """Attention reads the pages of vLLM's cache, in prefill as in decoding."""
    if kind_of(row.op) is Kind.ATTENTION:
        return replace(execution, attention="flash2_paged")
    return named_kernels(row, accelerator, execution)


def _resident_bytes(row: Row, op: Op, kernel: Kernel, accelerator: Accelerator) -> float:
    """All inputs in a cache; of a linear layer in memory that software manages, what the layer before has left. [B]

    Its weights come from DRAM in each pass of a model.
    """
    if accelerator.traits.engine == SYSTOLIC and kind_of(op.name) is Kind.LINEAR:
        return float(op.inputs[0].nbytes)
    return touched_inputs(row, op, kernel, accelerator)


SOURCE = Source(
    name="llmservingsim",
    citation="github.com/casys-kaist/LLMServingSim: operators of language models by profiler (MIT)",
    execution=_execution,
    resident_bytes=_resident_bytes,
)
