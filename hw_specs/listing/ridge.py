"""Ridge points: the arithmetic intensity where an accelerator turns from memory-bound to compute-bound."""

from __future__ import annotations

from hw_specs.schema import Accelerator
from hw_specs.units.number_formats import FORMAT_BITS

__all__ = ["ridge_points"]


def ridge_points(accelerator: Accelerator) -> dict[str, float]:
    r"""Arithmetic intensity at the ridge of the roofline, by number format. [FLOP/B]

    .. math:: I = \max(P_\mathrm{matrix}, P_\mathrm{vector}) / B_\mathrm{DRAM}

    Datasheet figures; caches are neglected. Reference: Williams, Waterman, Patterson, Commun. ACM 52(4), 2009.
    """
    matrix, vector = accelerator.peak.matrix, accelerator.peak.vector
    bandwidth = accelerator.memory.dram.bandwidth
    if bandwidth is None:
        return {}
    best = {name: max(matrix.get(name, 0.0), vector.get(name, 0.0)) for name in FORMAT_BITS}
    return {name: rate / bandwidth for name, rate in best.items() if rate}
