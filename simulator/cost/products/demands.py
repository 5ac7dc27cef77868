"""What a choice of tile takes of an accelerator, whichever it is: work of its units, and space.

With the time of a unit of each, the time of a choice is a few products and maxima of these
(:mod:`simulator.cost.products.compiled`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import terms
from .terms import Choices

__all__ = ["demands"]

FloatArray = NDArray[np.float64]


def demands(kernels: FloatArray, tiles: FloatArray, library: terms._Library) -> FloatArray:
    """What choices take, shape (11, num_choices).

    Blocks, and those whose accumulators fill a core [1]; of one block, FLOPs, FLOPs for each row of its edge that feeds
    as slowly [FLOP], accesses, accesses that put it to its place [1], bytes that it gathers [B]; of all blocks, bytes
    that they drain and that they fetch [B]; bytes of partial sums, 0 where nothing is split [B]; shared memory of one
    block [B].

    Parameters
    ----------
    kernels : array of shape (7, num_choices)
        Columns of :class:`simulator.cost.products.terms.Space`, of the product that each choice is for.
    tiles : array of shape (3, num_choices)
    library : tuple
    """
    nothing = np.zeros(tiles.shape[1])
    columns, machines = terms._Kernels(*kernels), terms._Machines(*(nothing for _ in terms._Machines._fields))
    c = Choices(columns, machines, terms._Tiles(*tiles), nothing, nothing, library)
    blocks, steps, edge, tile = terms._blocks(c), terms._steps(c), terms._edge(c), c.tiles.rows * c.tiles.columns
    depth, fetched = steps * (2.0 * library.step / columns.itemsize), steps * (library.step * edge)
    partial = c.tiles.splits * (columns.batch * columns.m * columns.n) * terms._PARTIAL_BYTES
    taken = [
        *(blocks, terms._filling(c), depth * tile, depth * edge, library.staged * fetched / columns.width),
        *(terms._placing(c), fetched, blocks * tile * columns.output, blocks * library.shared * fetched),
        *(np.where(c.tiles.splits > 1, partial, 0.0), terms._STAGES * library.step * edge),
    ]
    return np.stack([np.broadcast_to(each, blocks.shape) for each in taken])
