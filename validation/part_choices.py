"""What PyTorch and its libraries choose on a part: execution, units, algorithms of convolution."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hw_specs import Accelerator
from simulator.execution import Execution
from simulator.kernels import KernelFamily, KernelTable
from simulator.lowering import assign_units

__all__ = ["execution_on", "on_part"]


def execution_on(accelerator: Accelerator) -> Execution:
    """How PyTorch runs eager code on a part: TF32 is of NVIDIA's matrix units alone."""
    return Execution(convolution_tf32=accelerator.kind == "gpu")


def on_part(table: KernelTable, accelerator: Accelerator) -> KernelTable:
    """Table with the units, and the algorithms of convolution, that libraries choose on a part.

    PyTorch asks oneDNN, which runs convolutions on CPUs, for the direct algorithm (``algorithm::convolution_direct``,
    the default of ideep's convolution_forward), so Winograd's is never chosen there.
    """
    assigned = assign_units(table, accelerator)
    if accelerator.kind != "cpu":
        return assigned
    convolutions = assigned.family == KernelFamily.CONVOLUTION
    return replace(assigned, group=np.where(convolutions, 1.0, assigned.group))
