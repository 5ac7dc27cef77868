"""Cores that a kernel's blocks of work are spread over, and threads that one core holds at a time."""

from __future__ import annotations

import numpy as np

from hw_specs import Accelerator

__all__ = ["VECTOR_ISSUE", "block_cores", "product_of", "resident_threads", "thread_limit"]

# Where a limit is not published: those of the GPUs that most parameters were fitted on.
_THREADS, _REGISTERS = 2048.0, 65536.0
_REGISTER_BYTES = 4.0
#: Operations of vector units for each instruction that a core may issue, two of a multiply-add: others come between.
#: Cores with half as many lanes as schedulers issue for issue these beside, those with as many instead. H100: products
#: reach 0.74 of the fp32 peak in the median (NeuSight data set, linear layers from 50 GFLOP).
VECTOR_ISSUE = 2.0 / (1.0 + 1.0 / 3.0)


def block_cores(accelerator: Accelerator) -> float:
    """Number of cores, or of parts of a wide matrix engine that work like cores.

    A systolic one has one to eight matrix engines as wide as dozens of a GPU's cores. Their compilers tile work over
    the rows and columns of an engine as blocks are over cores, so an engine counts as several of them: one block on
    one engine neither multiplies at the rate of the whole accelerator nor reads at a hundredth of its bandwidth. An
    engine that a change makes faster has no more parts than before.
    """
    product = product_of(accelerator)
    if product is not accelerator:
        return block_cores(product) * accelerator.cores.count / product.cores.count
    count, clock = float(accelerator.cores.count), accelerator.cores.clock
    widest = max((accelerator.peak.matrix.get(name, 0.0) for name in ("bf16", "fp16")), default=0.0)
    of_one_core = accelerator.traits.core_flops_per_clock
    if of_one_core is None or not clock:
        return count
    return max(count, float(round(widest / (clock * of_one_core))))


def product_of(accelerator: Accelerator) -> Accelerator:
    """The product that a changed accelerator was; else itself."""
    return accelerator.product or accelerator


def thread_limit(accelerator: Accelerator) -> float:
    """Resident threads of one core, as its threads and its warps allow. [1]"""
    cores = accelerator.cores
    threads = _THREADS if cores.max_threads is None else float(cores.max_threads)
    if cores.max_warps is None or cores.warp_size is None:
        return threads
    return min(threads, float(cores.max_warps * cores.warp_size))


def _register_count(accelerator: Accelerator) -> float:
    """Registers of 32 bits of one core. [1]"""
    level = accelerator.memory.registers
    return _REGISTERS if level is None else level.capacity / _REGISTER_BYTES


def resident_threads(accelerator: Accelerator, *, block: int, registers: int) -> float:
    """Threads that a core holds at a time of a kernel with so many threads a block, and registers a thread. [1]"""
    blocks = np.inf if accelerator.cores.max_blocks is None else accelerator.cores.max_blocks
    by_registers = _register_count(accelerator) / registers
    return max(min(thread_limit(accelerator), blocks * block, by_registers), float(block))
