"""Cores that a kernel's blocks of work are spread over."""

from __future__ import annotations

from hw_specs import Accelerator, SpecError, load_accelerator

__all__ = ["VECTOR_ISSUE", "block_cores", "product_of"]

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
    """The product that a changed accelerator was, where it has a file; else itself."""
    if not accelerator.hypothetical or accelerator.based_on is None:
        return accelerator
    try:
        return load_accelerator(accelerator.based_on)
    except SpecError:
        return accelerator
