"""Cores that a kernel's blocks of work are spread over, and threads that one core holds at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator
from hw_specs.architecture import Engine

if TYPE_CHECKING:
    from .figures import Figures

__all__ = ["SYSTOLIC", "VECTOR_ISSUE", "block_cores", "engine_parts", "product_of", "resident_threads", "thread_limit"]

FloatArray = NDArray[np.float64]

# Where a limit is not published: those of the GPUs that most parameters were fitted on.
_THREADS, _REGISTERS = 2048.0, 65536.0
_REGISTER_BYTES = 4.0
#: Engine whose products run on a grid of multipliers (:mod:`simulator.cost.families.systolic`).
SYSTOLIC: Engine = "systolic"
#: Operations of vector units for each instruction that a core may issue, two of a multiply-add: others come between.
#: Cores with half as many lanes as schedulers issue for issue these beside, those with as many instead. H100: products
#: reach 0.74 of the fp32 peak in the median (NeuSight data set, linear layers from 50 GFLOP).
VECTOR_ISSUE = 2.0 / (1.0 + 1.0 / 3.0)


def engine_parts(product: Accelerator) -> float:
    """Number of cores of a product, or of parts of a wide matrix engine that work like cores.

    A systolic one has one to eight matrix engines as wide as dozens of a GPU's cores. Their compilers tile work over
    the rows and columns of an engine as blocks are over cores, so an engine counts as several of them: one block on
    one engine neither multiplies at the rate of the whole accelerator nor reads at a hundredth of its bandwidth.
    """
    count, clock = float(product.cores.count), product.cores.clock
    widest = max((product.peak.matrix.get(name, 0.0) for name in ("bf16", "fp16")), default=0.0)
    of_one_core = product.traits.core_flops_per_clock
    if of_one_core is None or not clock:
        return count
    return max(count, float(round(widest / (clock * of_one_core))))


def block_cores(figures: Figures) -> FloatArray:
    """Cores of accelerators that blocks are spread over. [1]

    An engine that a change makes faster has no more parts than before; more engines have.
    """
    cores: FloatArray = figures.engine_parts * figures.numbers["cores.count"] / figures.product_count
    return cores


def product_of(accelerator: Accelerator) -> Accelerator:
    """The product that a changed accelerator was; else itself."""
    return accelerator.product or accelerator


def thread_limit(figures: Figures) -> FloatArray:
    """Resident threads of one core, as its threads and its warps allow. [1]"""
    threads = _known(figures.numbers["cores.max_threads"], _THREADS)
    by_warps: FloatArray = np.fmin(threads, figures.numbers["cores.max_warps"] * figures.numbers["cores.warp_size"])
    return by_warps


def resident_threads(figures: Figures, *, block: int, registers: int) -> FloatArray:
    """Threads that a core holds at a time of a kernel with so many threads a block, and registers a thread. [1]"""
    count = _known(figures.numbers["memory.registers.capacity"] / _REGISTER_BYTES, _REGISTERS)
    by_blocks = np.fmin(thread_limit(figures), figures.numbers["cores.max_blocks"] * block)
    return np.maximum(np.minimum(by_blocks, count / registers), float(block))


def _known(values: FloatArray, usual: float) -> FloatArray:
    """Values, a usual one where none is known."""
    return np.where(np.isnan(values), usual, values)
