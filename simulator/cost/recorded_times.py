"""Kernel times of very many variants of one accelerator, by formulas that are recorded once for a workload.

What :func:`simulator.cost.model.kernel_times` does to the numbers that a study changes is written down and carried out
as compiled code (:mod:`simulator.recording`), with the same results. Nothing else about an accelerator is kept: not
what bounds a kernel, nor the terms of its time.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import KernelTables
from simulator.recording import Recorded, Recording, UnrecordableError

from .accelerator_columns import VariantColumns
from .model import BoostTimes, Fidelity, kernel_times
from .power_limit import Draw

if TYPE_CHECKING:
    from simulator.recording.program import Program

__all__ = ["RecordedTimes", "compiles"]

FloatArray = NDArray[np.float64]


@functools.cache
def compiles() -> bool:
    """Whether what compiles recordings is installed (``roofcast[fast]``)."""
    try:
        import numba  # noqa: F401
    except ImportError:
        return False
    return True


@dataclass(frozen=True, slots=True, eq=False)
class RecordedTimes:
    """Times of some kernels on variants of one accelerator that differ in the same numbers."""

    program: Program

    @classmethod
    def of(
        cls,
        kernels: KernelTables,
        columns: VariantColumns,
        numbers: Mapping[str, FloatArray | float],
        fidelity: Fidelity,
    ) -> Self | None:
        """Of variants whose numbers that differ are arrays; None where something cannot be recorded."""
        recording = Recording()
        given = {path: _input(recording, path) if _differs(value) else value for path, value in numbers.items()}
        try:
            hardware = columns.columns(given, 1)
            hardware = replace(hardware, cores=Recorded.of(hardware.cores)).at_boost()
            costs = kernel_times(kernels, hardware, fidelity=fidelity)
        except (UnrecordableError, TypeError):
            return None
        return cls(_program(recording, costs.time, *costs.draw))

    def at_boost(self, numbers: Mapping[str, FloatArray | float], count: int) -> BoostTimes:
        """Times at the boost clock, and what kernels take there.

        Parameters
        ----------
        numbers : mapping of str to array of shape (num_variants,)
        count : int
            Number of variants.
        """
        given = {name: np.asarray(numbers[name]) for name in self.program.inputs}
        time, clocked, work = np.split(self.program.run(given, count), 3)
        return BoostTimes(time, Draw(clocked, work))


def _differs(value: FloatArray | float) -> bool:
    return isinstance(value, np.ndarray)


def _input(recording: Recording, path: str) -> Recorded:
    return Recorded.of([recording.step("input", detail=path)])


def _program(recording: Recording, *results: FloatArray) -> Program:
    from simulator.recording.program import Program

    from .products.compiled import product_function

    cells = [cell for values in results for cell in np.asarray(values, dtype=object)[:, 0].tolist()]
    return Program.of(recording, cells, {"product": product_function})
