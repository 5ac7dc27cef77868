"""Energies of a systolic engine from the power that its maker publishes, and from no GPU's.

The power above idle is shared out: a part to whatever runs, a part to products at the published rate, and to DRAM at
its published bandwidth what its kind takes, as far as there is as much. Two parts whose maker publishes least, mean and
most power over its own workloads draw 0.70 and 0.78 of the way in the mean (cloud.google.com/tpu/docs, v3: 123, 220 and
262 W; v4: 90, 170 and 192 W), between a part that runs and one that multiplies all the time.
"""

from __future__ import annotations

import math

from hw_specs import Accelerator
from hw_specs.energy_calibration import EnergyParameters
from hw_specs.inheritance.power_rules import dram_rule, idle_power

__all__ = ["published_energies"]

#: Shares of the power above idle of an engine that runs, and of products at the published rate beside that. [1]
_RUNNING_SHARE, _MATRIX_SHARE = 0.3, 0.5


def published_energies(product: Accelerator, *, peak: float) -> EnergyParameters:
    """Energies that together are within a board's limit; none where it is not published.

    Parameters
    ----------
    product : Accelerator
    peak : float
        Published rate of 16-bit products. [FLOP/s]
    """
    idle = idle_power(product) or 0.0
    spare = max((product.power.board or idle) - idle, 0.0)
    bandwidth = product.memory.dram.bandwidth or math.inf
    return EnergyParameters(
        idle=idle,
        active=_RUNNING_SHARE * spare,
        matrix=_MATRIX_SHARE * spare / peak if peak else 0.0,
        vector=0.0,
        special=0.0,
        score=0.0,
        dram=min(dram_rule(product).energy, _MATRIX_SHARE * spare / bandwidth),
        cache=0.0,
    )
