"""Readers of kernel names, asked one after another."""

from __future__ import annotations

from functools import lru_cache

from .attention import attention
from .collectives import collective
from .kernel import ONE_BLOCK, Grid, NamedKernel, believable
from .products import multiplication
from .rows import row_wise
from .streams import elementwise, generated, stream

__all__ = ["named_kernel"]

# Names of template arguments hold others' words: what is sure comes first.
_READERS = (collective, elementwise, generated, attention, multiplication, row_wise, stream)


@lru_cache(maxsize=65536)
def named_kernel(name: str, grid: Grid) -> NamedKernel | None:
    """What a kernel's name and grid tell of its work; None where no reader knows the name.

    Parameters
    ----------
    name : str
        As the profiler demangles it.
    grid : tuple of int
        Blocks in x, y, z and threads of a block in x, y, z; empty where they are not recorded, which leaves all sizes
        open, as numbers do that no launch has.
    """
    recorded = believable(grid)
    known = grid if recorded else ONE_BLOCK
    found = next((found for read in _READERS if (found := read(name, known))), None)
    if found is None or recorded or found.size is None:
        return found
    return NamedKernel(build=found.build, least=found.least, most=1 << 34)
