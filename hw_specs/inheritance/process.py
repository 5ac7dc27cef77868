"""Energy of matrix arithmetic by manufacturing process, which decides what a board's power limit allows."""

from __future__ import annotations

import re

__all__ = ["clock_under_load", "matrix_energy_ratio", "overvoltage", "vector_energy_ratio"]

# Board energy of one fp16 FLOP on matrix units at full load, relative to 7 nm, by the node in the process's name.
# 12 nm: a T4 sustains 24 TFLOP/s at its limit of 70 W (NVIDIA developer forum, topic 264462, confirmed there to be
# power capping): 2.9 pJ, 3.2 times the 0.9 pJ that bound an A100 (271 TFLOP/s measured within 400 W and 253 within
# 300 W: stas00/ml-engineering, MAMF). 5 nm class: 87 TFLOP/s at the 72 W of an L4 (NVIDIA forum) and 794 at the 700 W
# of an H100 (MAMF) are 0.83 and 0.88 pJ. Samsung's 8 nm is a 10 nm process in density; it stands on the line between
# 12 and 7 nm.
# 16 nm and 3 nm continue the lines beside them. What lies between is interpolation, not measurement.
_RATIO_BY_NODE = {
    "16": 4.3,
    "12": 3.2,
    "8": 2.2,
    "7": 1.0,
    "6": 1.0,
    "5": 0.95,
    "4": 0.95,
    "3": 0.85,
}
_NODE = re.compile(r"(?:^|\D)(\d+) ?nm|N(\d)|(\d)N")


# The same of fp32 arithmetic on vector units. 12 nm: fits to products on V100 and T4 give 19.4 to 20.7 pJ each, those
# on A100 14.3 to 15.6. 5 nm class: an L4 sustains 0.29 of its 30.3 TFLOP/s at 72 W, 8.2 pJ (NeuSight data set, large
# linear layers). What lies between and beyond is interpolation.
_VECTOR_RATIO_BY_NODE = {
    "16": 1.6,
    "12": 1.35,
    "8": 1.15,
    "7": 1.0,
    "6": 1.0,
    "5": 0.55,
    "4": 0.55,
    "3": 0.5,
}


def matrix_energy_ratio(process: str | None) -> float | None:
    """Energy of matrix arithmetic relative to 7 nm, or None where the process is not stated or not known.

    Examples
    --------
    >>> matrix_energy_ratio("TSMC 12nm FFN")
    3.2
    """
    return _RATIO_BY_NODE.get(_node(process))


def vector_energy_ratio(process: str | None) -> float | None:
    """Energy of fp32 arithmetic on vector units relative to 7 nm, or None where the process is not stated or known.

    Examples
    --------
    >>> vector_energy_ratio("TSMC N7")
    1.0
    """
    return _VECTOR_RATIO_BY_NODE.get(_node(process))


# Clock up to which an accelerator runs at its least voltage. Beyond it voltage rises with the clock, and energy with
# its square (dynamic power is C V^2 f: Weste and Harris, CMOS VLSI Design, 5.2). An L40S spends 1.30 pJ a FLOP at the
# 1.88 GHz that its limit leaves (fitted), an L4 of the same silicon 0.83 pJ at 1.47 GHz (87 TFLOP/s within 72 W), an
# H100 0.88 pJ at 1.47 GHz (794 TFLOP/s within 700 W). [Hz]
_LEAST_VOLTAGE_CLOCK = 1.5e9


def overvoltage(clock: float) -> float:
    """Energy of an operation at some clock over that at the least voltage.

    Parameters
    ----------
    clock : float
        [Hz]

    Examples
    --------
    >>> overvoltage(1.2e9), overvoltage(3e9)
    (1.0, 4.0)
    """
    return max(clock / _LEAST_VOLTAGE_CLOCK, 1.0) ** 2


def clock_under_load(*, boost: float, rate: float, power: float, energy: float) -> float:
    """Clock that a power limit leaves to work that uses all units. [Hz]

    Parameters
    ----------
    boost : float
        [Hz]
    rate : float
        Operations in a second at that clock. [1/s]
    power : float
        Limit. [W]
    energy : float
        Of one operation at the least voltage. [J]
    """
    at_least_voltage = power * boost / (rate * energy)
    if at_least_voltage <= _LEAST_VOLTAGE_CLOCK:
        return min(at_least_voltage, boost)
    # rate / boost * f * energy * (f / f0)^2 = power
    beyond: float = (at_least_voltage * _LEAST_VOLTAGE_CLOCK**2) ** (1 / 3)
    return min(beyond, boost)


def _node(process: str | None) -> str:
    """Digits of the node in the name of a process, empty where there are none."""
    match = _NODE.search(process or "")
    return "" if match is None else next(group for group in match.groups() if group is not None)
