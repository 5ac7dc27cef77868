"""LLMCompass: operators in float16, timed from Python; layer norm and GELU compiled."""

from __future__ import annotations

from dataclasses import replace

from hw_specs import Accelerator
from simulator.execution import Execution
from simulator.software import load_software
from validation.measured.row import Row

from .source import Source

__all__ = ["SOURCE"]

_COMPILED = ("aten::layer_norm", "aten::gelu")

#: Of the time when it was published (December 2023).
_RELEASE = "torch-2.1"


def _execution(row: Row, accelerator: Accelerator, execution: Execution) -> Execution:
    mode = "compiled" if row.op in _COMPILED else execution.mode
    return replace(execution, mode=mode, software=load_software(_RELEASE))


SOURCE = Source(
    name="llmcompass",
    citation="github.com/PrincetonUniversity/LLMCompass: operators in fp16 (BSD-3)",
    timed_from_host=True,
    execution=_execution,
)
