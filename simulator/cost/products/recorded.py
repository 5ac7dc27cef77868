"""Products whose accelerators are not known yet: each is one call, which finds its tile once they are."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from hw_specs.tiles import TileLibrary
from simulator.recording import Recorded, Ref

from .problem import ProductCost
from .terms import Space

__all__ = ["recorded_cost"]


def recorded_cost(
    space: Space, library: TileLibrary, open_to: NDArray[np.bool_], splits: NDArray[np.bool_]
) -> ProductCost:
    """Calls named ``product``, with library, kernel and open choices as their detail.

    Their cells are the columns of the accelerator, peak and DRAM of the product, and whether it may be split.
    """
    pairs = [np.asarray(values, dtype=object)[:, 0].tolist() for values in (space.peak, space.dram, splits)]
    machine = np.asarray(space.machines, dtype=object)[:, 0].tolist()
    calls = []
    for row, own in enumerate(zip(*pairs, strict=True)):
        cells = [*machine, *own]
        recording = next(cell.recording for cell in cells if type(cell) is Ref)
        detail = ("product", library, tuple(space.kernels[:, row].tolist()), tuple(open_to[row].tolist()))
        calls.append(recording.step("call", *cells, detail=detail))
    results = {
        field.name: Recorded.of([[call.recording.step("output", call, detail=field.name)] for call in calls])
        for field in fields(ProductCost)
    }
    return ProductCost(**results)
