"""LLMServingSim: operators of language models that vLLM serves, by profiler."""

from __future__ import annotations

from dataclasses import replace

from hw_specs import Accelerator
from simulator.execution import Execution
from tracer.operators import Kind, kind_of
from validation.measured.row import Row

from .source import Source, named_kernels

__all__ = ["SOURCE"]


def _execution(row: Row, accelerator: Accelerator, execution: Execution) -> Execution:
    """Attention reads the pages of vLLM's cache, in prefill as in decoding."""
    if kind_of(row.op) is Kind.ATTENTION:
        return replace(execution, attention="flash2_paged")
    return named_kernels(row, accelerator, execution)


SOURCE = Source(
    name="llmservingsim",
    citation="github.com/casys-kaist/LLMServingSim: operators of language models by profiler (MIT)",
    execution=_execution,
)
