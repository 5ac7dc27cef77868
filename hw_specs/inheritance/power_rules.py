"""What carries power from one accelerator to another: steps between processes, kinds of DRAM, idle power.

None of this is fitted to energies of workloads. Everything is published, by a foundry, by a maker of memory, or as
readings of idle boards.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hw_specs.architecture import Dram
from hw_specs.schema import Accelerator

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "DramRule",
    "dram_rule",
    "idle_power",
    "process_step",
    "relative_voltage",
    "relative_voltages",
]

# Power of the same circuit at the same speed relative to TSMC N7, as foundries advertise the steps between their
# processes: 16FF+ to N7 -60 % (TSMC, by way of techgage.com); N7 to N5 -30 % and to N5P -40 % (tsmc.com, 5 nm page); N5
# to N4P -22 % (Taiwan News, 2021-10-26); N5 to N3 -25 to -30 %, to N3E -34 %, N3E to N3P -5 to -10 %, N3E to N2 -25 to
# -30 % (AnandTech's table of 2024); Samsung 14LPE to 10LPE -40 % (AnandTech 11337), 10LPP to 8LPP -10 % (SoylentNews
# 17/10/19), 14 nm taken as TSMC's 16. NVIDIA's 4N and 4NP are taken as N5P and N4P. 12FFN is a 16 nm process that
# NVIDIA and TSMC reworked; its step is not published and is taken as four fifths of 16FF+. N6 is N7 in power.
_STEPS: tuple[tuple[str, float], ...] = (
    (r"Samsung 8", 1.35),
    (r"(?<!\d)16 ?nm|16FF", 2.5),
    (r"(?<!\d)12 ?nm|12FF", 2.0),
    (r"(?<!\d)7 ?nm|\bN7\b|Intel 7", 1.0),
    (r"(?<!\d)6 ?nm|\bN6\b", 1.0),
    (r"(?<!\d)5 ?nm(?! class)|\bN5\b", 0.7),
    (r"\b4N\b|\bN5P\b|\bN4\b", 0.6),
    (r"\b4NP\b|\bN4P\b", 0.55),
    (r"\bN3B?\b|(?<!\d)3 ?nm", 0.51),
    (r"\bN3E\b", 0.46),
    (r"\bN3P\b", 0.43),
    (r"\bN2\b|(?<!\d)2 ?nm", 0.33),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DramRule:
    """What a kind of DRAM costs.

    Attributes
    ----------
    kind : {"hbm", "gddr", "ddr"}
    energy : float
        Of one byte read or written, in the memory itself. [J/B]
    idle_share : float
        Power of a board that holds a context and computes nothing, over the board's limit. [1]
    """

    kind: Dram
    energy: float
    idle_share: float


# Energy: 6.0 pJ/bit of HBM2E, 7.5 of GDDR6, 7.25 of GDDR6X (Micron's comparison of ultra-bandwidth memories, by way of
# kylolab.com); for DDR the figure of GDDR6.
# Idle, P0 state with a context, from public listings of nvidia-smi. HBM: V100 37 to 54 of 300 W, A100 SXM 63 to 68 of
# 400 W, H100 118 to 135 of 700 W, B200 140 of 1000 W without a context. GDDR keeps its clock: T4 26 to 33 of 70 W, L4
# 27 to 37 of 72 W, A40 110 of 300 W (NVIDIA/open-gpu-kernel-modules issue 874), RTX 3090 105 of 350 W, L40S about 100
# of 350 W (24 to 35 W bare, and 66 W for the context: arXiv 2605.23918).
_RULES: Mapping[Dram, DramRule] = {
    "hbm": DramRule(kind="hbm", energy=48e-12, idle_share=0.165),
    "gddr": DramRule(kind="gddr", energy=60e-12, idle_share=0.35),
    "ddr": DramRule(kind="ddr", energy=60e-12, idle_share=0.3),
}


def process_step(process: str | None) -> float | None:
    """Switching energy of a process relative to TSMC N7; None where the process is not stated or not known.

    Of a package of several processes the newest counts: that of the compute dies.

    Examples
    --------
    >>> process_step("TSMC 4NP")
    0.55
    """
    return min((step for pattern, step in _STEPS if re.search(pattern, process or "")), default=None)


def dram_rule(accelerator: Accelerator) -> DramRule:
    """Kind of DRAM of an accelerator: its own where it says so, else its generation's usual one."""
    return _RULES[accelerator.memory.dram.technology or accelerator.traits.dram]


def idle_power(accelerator: Accelerator) -> float | None:
    """Power of the board while it holds a context and waits; the datasheet's where it has one. [W]

    None where neither idle power nor the limit of the board is known.
    """
    if accelerator.power.idle is not None:
        return accelerator.power.idle
    board = accelerator.power.board
    return None if board is None else dram_rule(accelerator).idle_share * board


#: Lowest voltage over that of the boost clock, and slope of the voltage over the clock above it.
_LOWEST_VOLTAGE, _VOLTAGE_SLOPE = 0.7, 0.6


def relative_voltage(clock: float) -> float:
    """Voltage at a share of the boost clock, relative to that at the boost clock.

    Flat up to half of the boost clock, then a straight line, as measured for several GPUs (Guerreiro et al., "GPGPU
    Power Modeling for Multi-Domain Voltage-Frequency Scaling", HPCA 2018). The two numbers are typical, and of no
    accelerator alone.
    """
    return max(_LOWEST_VOLTAGE, 1.0 - _VOLTAGE_SLOPE * (1.0 - clock))


def relative_voltages(clock: NDArray[np.float64]) -> NDArray[np.float64]:
    """:func:`relative_voltage` of each of some clocks."""
    import numpy as np

    return np.maximum(_LOWEST_VOLTAGE, 1.0 - _VOLTAGE_SLOPE * (1.0 - clock))
