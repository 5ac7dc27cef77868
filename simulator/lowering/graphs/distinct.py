"""The distinct kernels of a graph: each one has a row, whatever launches it."""

from __future__ import annotations

import numpy as np

from simulator.kernels import Kernel, KernelTables
from tracer.graph import IndexArray

from .growth import grown_kernels

__all__ = ["DistinctKernels"]


class DistinctKernels:
    """Kernels found so far, each once, and the row of each."""

    def __init__(self) -> None:
        """No kernels yet."""
        self._kernels: list[Kernel] = []
        self._rows: dict[Kernel, int] = {}
        self._grown: dict[tuple[Kernel, Kernel, Kernel, int], int] = {}

    def row(self, kernel: Kernel) -> int:
        """Row of a kernel."""
        row = self._rows.setdefault(kernel, len(self._kernels))
        if row == len(self._kernels):
            self._kernels.append(kernel)
        return row

    def grown_rows(self, points: tuple[Kernel, Kernel, Kernel], repeats: int) -> int | IndexArray:
        """Row of a kernel that stays the same, or a row for each repeat of one that grows."""
        if points[0] == points[-1] == points[1]:
            return self.row(points[0])
        key = (*points, repeats)
        if key not in self._grown:
            self._grown[key] = len(self._kernels)
            self._kernels.extend(grown_kernels(points, repeats))
        start = self._grown[key]
        return np.arange(start, start + repeats)

    def table(self) -> KernelTables:
        """All rows as columns."""
        return KernelTables.from_kernels(self._kernels)
