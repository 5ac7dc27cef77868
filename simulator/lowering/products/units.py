"""Which units and algorithm run a contraction: the choice that a vendor's library makes on an accelerator."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator
from hw_specs.reading.identity import Same
from simulator.cost import UnsupportedFormatError
from simulator.execution import Execution
from simulator.kernels import (
    NARROW_SUMS,
    SPLIT_PRODUCTS,
    AttentionAlgorithm,
    AttentionTable,
    ConvolutionTable,
    FamilyTable,
    KernelTables,
)
from simulator.lowering.attention.choice import ALGORITHMS, with_kernels_of
from simulator.lowering.quantization.requirements import require_products

from .compiled_graphs import as_compiled, in_compiled_formats, is_compiled

__all__ = ["assign_units", "execution_on"]


def assign_units(tables: KernelTables, accelerator: Accelerator, *, strict: bool = True) -> KernelTables:
    """Tables with every contraction on units that the accelerator has.

    A contraction in a format that neither kind of unit has is an error if `strict`, else left as it is.

    Lowering puts contractions on matrix units. One without matrix units for the format runs them on vector
    units, those of 16-bit operands in float32; tf32 on one that has none is float32. Fused attention in float32
    runs as three tf32 products for one, where there is tf32. Systolic engines multiply on their matrix units alone.

    Whether a library of convolutions has Winograd's algorithm, and which fused attention exists, are traits of the
    architecture. Tables of the last few calls are kept; those that need no change are the same.

    Raises
    ------
    UnsupportedFormatError
        Neither kind of unit has a peak for a format that a contraction needs.
    """
    return _assigned(tables, Same(accelerator), strict)


@functools.lru_cache(maxsize=16)
def _assigned(tables: KernelTables, accelerator: Same[Accelerator], strict: bool) -> KernelTables:
    return tables.map(lambda table: _on_part(table, accelerator.value, strict=strict) if table.contracts else table)


def _on_part(table: FamilyTable, accelerator: Accelerator, *, strict: bool) -> FamilyTable:
    table = in_compiled_formats(table, accelerator)
    if isinstance(table, AttentionTable):
        table = _attention_on_part(_split_float32(table, accelerator), accelerator)
    if isinstance(table, ConvolutionTable) and accelerator.traits.winograd == "none" and table.winograd.any():
        table = replace(table, winograd=np.zeros(len(table), dtype=np.bool_))
    for narrow, wide in (("tf32", "fp32"), (NARROW_SUMS, "fp16")):
        if narrow in table.formats and (wide if narrow == NARROW_SUMS else narrow) not in accelerator.peak.matrix:
            table = _renamed(table, narrow, wide)
    contracts, on_vector = table.matrix_flops > 0, np.zeros(len(table), dtype=np.bool_)
    for code, name in enumerate(table.formats):
        rows = contracts & (table.number_format == code)
        if not rows.any() or name in accelerator.peak.matrix or name == NARROW_SUMS:
            continue
        if name not in accelerator.peak.vector or is_compiled(accelerator.traits):
            if not strict:
                continue
            raise UnsupportedFormatError(_message(accelerator, name))
        on_vector |= rows
    if not on_vector.any():
        return table
    table = _accumulated_in_float32(table, on_vector, accelerator)
    return replace(
        table,
        vector_flops=table.vector_flops + np.where(on_vector, table.matrix_flops, 0.0),
        matrix_flops=np.where(on_vector, 0.0, table.matrix_flops),
    )


def execution_on(accelerator: Accelerator, execution: Execution | None = None) -> Execution:
    """Execution as an accelerator can run it: with its attention kernels, and without tf32 where it has none.

    Float32 convolutions then need no other layout either. A part that runs compiled graphs alone runs one.

    Raises
    ------
    ExecutionError, SoftwareError
        The accelerator lacks the attention kernel that the execution names, or the products of its scheme of
        quantisation, or does not run its software.
    """
    execution = with_kernels_of(accelerator, as_compiled(execution or Execution(), accelerator.traits))
    require_products(accelerator, execution)
    execution = replace(execution, searched_convolutions=accelerator.traits.searched_convolutions)
    if "tf32" in accelerator.peak.matrix:
        return execution
    return replace(execution, matmul_tf32=False, convolution_tf32=False)


def _accumulated_in_float32(table: FamilyTable, on_vector: NDArray[np.bool_], accelerator: Accelerator) -> FamilyTable:
    """Table whose contractions on vector units run at the rate of float32 where libraries add up in it."""
    habits = accelerator.traits.float32_accumulation
    codes = [code for code, name in enumerate(table.formats) if name in habits]
    rows = on_vector & np.isin(table.number_format, codes)
    if "fp32" not in accelerator.peak.vector or not rows.any():
        return table
    return replace(
        table,
        formats=(*table.formats, "fp32"),
        number_format=np.where(rows, len(table.formats), table.number_format),
    )


def _split_float32(table: AttentionTable, accelerator: Accelerator) -> AttentionTable:
    """Fused attention in float32 on tf32 units, where there are any; else on whatever runs float32."""
    rows = table.algorithm == AttentionAlgorithm.SPLIT_FLOAT32
    if not rows.any():
        return table
    table = replace(table, algorithm=np.where(rows, AttentionAlgorithm.EFFICIENT, table.algorithm))
    if "tf32" not in accelerator.peak.matrix:
        return table
    return replace(
        table,
        formats=(*table.formats, "tf32"),
        number_format=np.where(rows, len(table.formats), table.number_format),
        matrix_flops=np.where(rows, SPLIT_PRODUCTS * table.matrix_flops, table.matrix_flops),
    )


def _attention_on_part(table: AttentionTable, accelerator: Accelerator) -> AttentionTable:
    """Fused attention by the names that the accelerator's kernels go by: which are others' is a trait."""
    algorithm = table.algorithm
    for wanted, taken in accelerator.traits.attention.fallbacks.items():
        algorithm = np.where(table.algorithm == ALGORITHMS[wanted], ALGORITHMS[taken], algorithm)
    return table if np.array_equal(algorithm, table.algorithm) else replace(table, algorithm=algorithm)


def _renamed(table: FamilyTable, old: str, new: str) -> FamilyTable:
    return replace(table, formats=tuple(new if name == old else name for name in table.formats))


def _message(accelerator: Accelerator, name: str) -> str:
    units = (accelerator.peak.matrix, {} if is_compiled(accelerator.traits) else accelerator.peak.vector)
    has = sorted({name for rates in units for name in rates})
    return f"{accelerator.name} cannot multiply matrices in {name}; valid: {', '.join(has)}"
