"""Parts that run compiled graphs alone: how an execution runs there, and in what their compilers multiply float32.

A compiler (XLA, Intel's Graph Compiler, neuronx-cc) makes one program of a graph. Its chains of elementwise operators
are fused, with the product before them where they follow one; nothing is launched operator by operator.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from hw_specs import Accelerator, Architecture
from simulator.cost.hardware.cores import SYSTOLIC
from simulator.execution import Execution
from simulator.kernels import AttentionAlgorithm, AttentionTable, FamilyTable, KernelTables

__all__ = ["as_compiled", "compiled_remarks", "in_compiled_formats", "is_compiled"]

#: Formats that an architecture's ``array.float32_as`` takes the place of.
_FLOAT32 = ("fp32", "tf32")


def is_compiled(traits: Architecture) -> bool:
    """Whether an architecture runs compiled graphs alone."""
    return traits.engine == SYSTOLIC


def as_compiled(execution: Execution, traits: Architecture) -> Execution:
    """The execution as a part runs it that has compiled graphs alone; itself on any other."""
    if not is_compiled(traits):
        return execution
    return replace(execution, mode="fused", max_autotune=False, components=(), channels_last_components=())


def in_compiled_formats(table: FamilyTable, accelerator: Accelerator) -> FamilyTable:
    """Contractions in float32 in the format in which the compiler multiplies them; nothing is split in three."""
    traits = accelerator.traits
    if not is_compiled(traits):
        return table
    if isinstance(table, AttentionTable):
        split = table.algorithm == AttentionAlgorithm.SPLIT_FLOAT32
        table = replace(table, algorithm=np.where(split, AttentionAlgorithm.EFFICIENT, table.algorithm))
    taken = traits.array.float32_as
    if taken is None or not set(_FLOAT32) & set(table.formats):
        return table
    return replace(table, formats=tuple(taken if name in _FLOAT32 else name for name in table.formats))


def compiled_remarks(accelerator: Accelerator, kernels: KernelTables) -> Iterator[str]:
    """What a report says of a part that runs compiled graphs alone, given kernels before they have their units."""
    traits = accelerator.traits
    if not is_compiled(traits):
        return
    compiler = traits.array.compiler or "its compiler"
    yield f"{accelerator.name} runs what {compiler} makes of each graph, as one program, whatever --execution says."
    wide = any(name in _FLOAT32 for table in kernels.tables if table.contracts for name in table.formats)
    if wide and traits.array.float32_as is not None:
        yield f"products of float32 run in {traits.array.float32_as} there, which is {compiler}'s default."
