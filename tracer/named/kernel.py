"""What name and grid of a kernel tell: the operator that does its work, up to one size that they may leave open."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from tracer.graph import Op

__all__ = ["ONE_BLOCK", "Grid", "NamedKernel", "believable", "blocks_of", "threads_of"]

#: Blocks in x, y, z and threads of a block in x, y, z.
Grid = tuple[int, ...]

#: Where nothing is recorded.
ONE_BLOCK: Grid = (1, 1, 1, 1, 1, 1)
# A launch has at most 2^31 - 1 blocks along an axis, and no kernel that anyone would trace has as many in all.
_MOST_BLOCKS, _MOST_THREADS = 1 << 31, 4096
_LEAST, _MOST = 16, 1 << 22


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedKernel:
    """Work of a kernel as its name and grid tell it.

    Attributes
    ----------
    build : callable
        Operator that does the work, given the size that is open: the reduced length of a product, the elements of a
        row, the keys of an attention, or the elements of a stream. Its work grows with the size.
    size : int or None
        That size where name and grid tell it, None where it is open. [1]
    least, most : int
        Between which an open size lies. [1]
    """

    build: Callable[[int], Op]
    size: int | None = None
    least: int = _LEAST
    most: int = _MOST


def believable(grid: Grid) -> bool:
    """Whether blocks and threads are numbers that a device can launch."""
    sound = len(grid) == len(ONE_BLOCK) and all(0 < size < _MOST_BLOCKS for size in grid)
    return sound and blocks_of(grid) < _MOST_BLOCKS and threads_of(grid) <= _MOST_THREADS


def blocks_of(grid: Grid) -> int:
    """Blocks of a launch. [1]"""
    return math.prod(grid[:3])


def threads_of(grid: Grid) -> int:
    """Threads of a block. [1]"""
    return math.prod(grid[3:6])
