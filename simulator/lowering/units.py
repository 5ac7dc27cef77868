"""Which units of an accelerator run a contraction: the choice that a vendor's library makes on that part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hw_specs import Accelerator
from simulator.cost import UnsupportedFormatError
from simulator.kernels import KernelTable

__all__ = ["assign_units"]


def assign_units(table: KernelTable, accelerator: Accelerator) -> KernelTable:
    """Table with every contraction on units that the accelerator has.

    Lowering puts contractions on matrix units. A part without matrix units for the format runs them on vector
    units (float32 on NVIDIA, float16 on Pascal); tf32 on a part that has none is float32.

    Raises
    ------
    UnsupportedFormatError
        Neither kind of unit has a peak for a format that a contraction needs.
    """
    table = _without_tf32(table) if "tf32" not in accelerator.peak.matrix else table
    contracts = table.matrix_flops > 0
    on_vector = np.zeros(len(table), dtype=np.bool_)
    for code, name in enumerate(table.formats):
        rows = contracts & (table.number_format == code)
        if not rows.any() or name in accelerator.peak.matrix:
            continue
        if name not in accelerator.peak.vector:
            raise UnsupportedFormatError(_message(accelerator, name))
        on_vector |= rows
    if not on_vector.any():
        return table
    return replace(
        table,
        vector_flops=table.vector_flops + np.where(on_vector, table.matrix_flops, 0.0),
        matrix_flops=np.where(on_vector, 0.0, table.matrix_flops),
    )


def _without_tf32(table: KernelTable) -> KernelTable:
    return replace(table, formats=tuple("fp32" if name == "tf32" else name for name in table.formats))


def _message(accelerator: Accelerator, name: str) -> str:
    has = sorted({*accelerator.peak.matrix, *accelerator.peak.vector})
    return f"{accelerator.name} cannot multiply matrices in {name}; valid: {', '.join(has)}"
