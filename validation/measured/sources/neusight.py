"""NeuSight: eager PyTorch 2.1, float32 without TF32, timed from Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hw_specs import Accelerator
from simulator.execution import Execution
from simulator.software import load_software
from tracer.graph import Op
from validation.measured.row import Row

from .source import Source

__all__ = ["SOURCE"]

_RELEASE = "torch-2.1"


def _operators(row: Row) -> Sequence[Op]:
    return (_exchanged(row).operator() if row.op == "aten::bmm" else row.operator(),)


def _exchanged(row: Row) -> Row:
    """Row with the reduced axis and the columns of a batched product exchanged.

    The measured times follow the last axis of the second operand as the reduced one: at 31 x 870 x 18 they grow with
    the 870 and not with the 18. The file has the two exchanged.
    """
    (batch, m, k), (_, _, n) = row.shapes
    return replace(row, shapes=[[batch, m, n], [batch, n, k]])


def _without_tf32(row: Row, accelerator: Accelerator, execution: Execution) -> Execution:
    return replace(execution, matmul_tf32=False, convolution_tf32=False, software=load_software(_RELEASE))


SOURCE = Source(
    name="neusight",
    citation="github.com/sitar-lab/NeuSight dataset: eager PyTorch 2.1 kernels, fp32 without TF32 (MIT)",
    timed_from_host=True,
    operators=_operators,
    execution=_without_tf32,
)
