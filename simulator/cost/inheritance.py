"""What of a fitted parameter follows the part that inherits it: energies its process, bandwidths its memory.

A parameter is fitted on some part and used on another. Most are shares of a datasheet quantity and carry over as they
are. Four are known better: the energy of matrix arithmetic goes with the manufacturing process
(:mod:`hw_specs.process`); the share of the DRAM bandwidth that kernels reach goes with the share that a plain copy
reaches, which microbenchmarks publish for many parts; what one core pulls in a copy goes with its part of the
bandwidth: a core of a B200 has 4 times as much of it as one of an A100, and enough bytes in flight to use it; and
passes over rows in a cache take instructions, whose rate is the clock: a V100, an A100 and an H100 pass over 2.1 to 2.4
elements a clock and core in softmax.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hw_specs import Accelerator, Calibration, load_accelerator
from hw_specs.process import matrix_energy_ratio

from .cores import block_cores
from .parameters import PARAMETERS

__all__ = ["MATRIX_ENERGIES", "REFERENCE", "Origin", "carried", "origin_of", "part_of"]

#: Groups whose energy follows the process. Vector arithmetic, fitted, takes 16 to 18 pJ on 12 nm and 7 nm alike.
_MATRIX_GROUPS = ("matmul", "matmul8", "flash2", "flash3", "flash4", "cudnn_attention")


def _is_matrix(name: str) -> bool:
    """Whether a group, or the group of a parameter, computes on matrix units."""
    return name.partition(".")[0].removesuffix("_causal") in _MATRIX_GROUPS


#: Energies of matrix arithmetic, which published sustained rates bound on many parts (:mod:`hw_specs.process`). Kernels
#: timed one by one tell them on few: most end before the power limit acts.
MATRIX_ENERGIES = frozenset(name for name in PARAMETERS if name.endswith(".energy") and _is_matrix(name))

#: Groups that stream, and their shares of the DRAM bandwidth, which are those of a copy.
_STREAMING = {
    "stream": ("dram", "strided", "transposed"),
    "softmax": ("dram",),
    "normalization": ("dram",),
}
#: Bandwidths of one core that go with its part of the DRAM's, and those that go with its clock.
_BY_CORE = {"stream": ("core_bandwidth",)}
_BY_CLOCK = {"softmax": ("stream",), "normalization": ("stream",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Part that parameters describe.

    Attributes
    ----------
    process : str or None
        Manufacturing process.
    copy_share : float or None
        Share of the DRAM bandwidth that a copy reaches, None where nobody published it. [1]
    by_core : float or None
        DRAM bandwidth over the number of cores. [B/s]
    clock : float or None
        Boost clock of the cores. [Hz]
    """

    process: str | None
    copy_share: float | None
    by_core: float | None
    clock: float | None


#: What the parameters of the calibration for all parts describe, in the middle of the parts measured.
REFERENCE = Origin(process="7nm", copy_share=0.85, by_core=1.2e10, clock=1.4e9)


def origin_of(calibration: Calibration, group: str) -> Origin:
    """What a calibration's parameters of a group describe: the first of the parts that they were fitted on."""
    if calibration.scope == "generic":
        return REFERENCE
    measured = calibration.groups.get(group, calibration.accelerators)
    unknown = Origin(process=None, copy_share=None, by_core=None, clock=None)
    return part_of(load_accelerator(measured[0])) if measured else unknown


def part_of(accelerator: Accelerator) -> Origin:
    """Process, memory and clock of an accelerator."""
    dram = accelerator.memory.dram
    by_core = dram.bandwidth / block_cores(accelerator) if dram.bandwidth else None
    share = None
    if dram.measured_bandwidth is not None and dram.bandwidth:
        share = min(dram.measured_bandwidth / dram.bandwidth, 1.0)
    return Origin(process=accelerator.process, copy_share=share, by_core=by_core, clock=accelerator.cores.clock)


def carried(values: Mapping[str, float], group: str, *, here: Origin, there: Origin) -> dict[str, float]:
    """Parameters of a group as another part has them.

    Parameters
    ----------
    values : mapping
        ``group.name`` to value; those of other groups are left as they are.
    group : str
    here, there : Origin
        Part that gets the parameters, and part that they describe.
    """
    own = dict(values)
    if _is_matrix(group):
        ratio, origin = matrix_energy_ratio(here.process), matrix_energy_ratio(there.process)
        if ratio is not None and origin is not None:
            _scale(own, f"{group}.energy", ratio / origin)
    if here.copy_share is not None and there.copy_share is not None:
        for name in _STREAMING.get(group, ()):
            _scale(own, f"{group}.{name}", here.copy_share / there.copy_share)
    if here.by_core is not None and there.by_core is not None:
        for name in _BY_CORE.get(group, ()):
            _scale(own, f"{group}.{name}", here.by_core / there.by_core)
    if here.clock is not None and there.clock is not None:
        for name in _BY_CLOCK.get(group, ()):
            _scale(own, f"{group}.{name}", here.clock / there.clock)
    return own


def _scale(values: dict[str, float], name: str, factor: float) -> None:
    if name in values:
        parameter = PARAMETERS[name]
        values[name] = min(max(values[name] * factor, parameter.lower), parameter.upper)
