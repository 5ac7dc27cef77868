"""Time of products that are tiled over cores: plain and batched matrix products, and convolutions that become one.

Symbols: the output is ``batch`` matrices of ``m x n``, reduced over ``k``; a block computes one ``tm x tn`` tile over
``k / splits``. The library's choice of tile is taken to be the fastest that the model predicts.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from .hardware import HardwareColumns
from .mechanisms import power_slowdown, throttle_factor, united
from .tiles import TileLibrary, library_groups, occupied_rounds

__all__ = ["Problem", "ProductCost", "product_cost"]

FloatArray = NDArray[np.float64]

#: Elements (kernels x accelerators x choices) that are evaluated at once, so that they stay in the CPU's cache.
_CHUNK = 60_000

#: Bytes of one partial sum, and how often each is written and read when the reduced length is split.
_PARTIAL_BYTES = 8.0

#: Bytes of one output element as blocks drain it.
_OUTPUT_BYTES = 2.0

#: Elements of the accumulators that fill the register file of one core.
_ACCUMULATORS = 256.0 * 128.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Problem:
    """Products as columns of shape (num_kernels,), or (num_kernels, num_accelerators) where it says so.

    Attributes
    ----------
    batch, m, n, k : array
    itemsize : array
        Bytes of one input element. [B]
    reads, writes : array
        Compulsory traffic. [B]
    kept : array of shape (num_kernels, num_accelerators)
        Share of the traffic that the cache keeps from the DRAM. [1]
    flops : array
        Arithmetic of the whole kernel. [FLOP]
    peak : array of shape (num_kernels, num_accelerators)
        Rate of the units that it runs on. [FLOP/s]
    """

    batch: FloatArray
    m: FloatArray
    n: FloatArray
    k: FloatArray
    itemsize: FloatArray
    reads: FloatArray
    writes: FloatArray
    kept: FloatArray
    flops: FloatArray
    peak: FloatArray

    def rows(self, index: slice | NDArray[np.int64]) -> Problem:
        """Some of the problems."""
        return Problem(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    def accelerators(self, columns: NDArray[np.int64]) -> Problem:
        """The problems on some of the accelerators."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return Problem(**{**values, "peak": self.peak[:, columns], "kept": self.kept[:, columns]})


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ProductCost:
    """Chosen tile and the terms of its time; arrays of shape (num_kernels, num_accelerators)."""

    time: FloatArray
    tile_rows: FloatArray
    tile_columns: FloatArray
    splits: FloatArray
    blocks: FloatArray
    rounds: FloatArray
    arithmetic: FloatArray
    exposed: FloatArray
    l2: FloatArray
    dram: FloatArray
    splitting: FloatArray
    floor: FloatArray


def product_cost(
    problem: Problem, hardware: HardwareColumns, *, group: str, role: str, rate: str = "rate"
) -> ProductCost:
    """Time of each product with its best tile.

    Parameters
    ----------
    problem : Problem
    hardware : HardwareColumns
    group : str
        Parameter group.
    role : str
        Library, see :func:`simulator.cost.tiles.library_groups`.
    rate : str
        Name of the parameter that holds the share of the peak.
    """
    shape = problem.peak.shape
    result = ProductCost(**{f.name: np.zeros(shape) for f in fields(ProductCost)})
    for library, columns in library_groups(role, hardware.architecture):
        part = hardware.select(columns)
        step = max(_CHUNK // (len(columns) * len(library.tiles) * len(library.splits)), 1)
        for start in range(0, shape[0], step):
            index = slice(start, start + step)
            best = _best(problem.accelerators(columns).rows(index), part, library, group=group, rate=rate)
            for field in fields(ProductCost):
                getattr(result, field.name)[index, columns] = getattr(best, field.name)
    return result


def _best(problem: Problem, hardware: HardwareColumns, library: TileLibrary, *, group: str, rate: str) -> ProductCost:
    choices = _evaluate(problem, hardware, library, group=group, rate=rate)
    winner = choices.time.argmin(axis=-1)[..., None]
    shape = choices.time.shape
    return ProductCost(
        **{
            f.name: np.take_along_axis(np.broadcast_to(getattr(choices, f.name), shape), winner, -1)[..., 0]
            for f in fields(ProductCost)
        }
    )


def _evaluate(p: Problem, hardware: HardwareColumns, library: TileLibrary, *, group: str, rate: str) -> ProductCost:
    """Every choice of tile and split; arrays broadcast to (num_kernels, num_accelerators, num_choices)."""

    def parameter(name: str) -> FloatArray:
        return hardware.parameters[f"{group}.{name}"][None, :, None]

    tm, tn, splits = library.candidates()
    batch, m, n, k, itemsize = (x[:, None, None] for x in (p.batch, p.m, p.n, p.k, p.itemsize))
    cores, l2_rate = hardware.cores[None, :, None], parameter("l2") * hardware.cache_rate[None, :, None]
    depth = library.step / itemsize
    steps = np.maximum(np.ceil(k / splits / depth), 1.0)
    tiles = batch * np.ceil(m / tm) * np.ceil(n / tn)
    blocks = tiles * splits
    resident = np.clip(np.floor(_ACCUMULATORS / (tm * tn)), 1.0, library.resident)
    busy, rounds = occupied_rounds(blocks, cores=cores, resident=resident, alone=parameter("alone"))
    throttled = throttle_factor(
        p.flops[:, None] / p.peak,
        slowdown=power_slowdown(p.peak, energy=hardware.parameters[f"{group}.energy"], power=hardware.power),
        time=hardware.parameters[f"{group}.throttle_time"],
    )
    core_rate = (p.peak / throttled)[:, :, None] * parameter(rate) / cores
    block = 2.0 * steps * depth * np.maximum(tm * tn, parameter("feed") * (tm + tn)) / core_rate
    arithmetic = np.maximum(busy * block, rounds * steps * parameter("iteration"))
    drained = blocks * tm * tn * _OUTPUT_BYTES
    drain = drained / (parameter("store") * hardware.dram_bandwidth[None, :, None])
    exposed = rounds * parameter("fill") + drain
    l2 = library.shared * blocks * (tm + tn) * steps * depth * itemsize / l2_rate
    dram = _dram_bytes(p, hardware, np.minimum(tiles, cores) * tm * tn, parameter("usable"), parameter("written"))
    pulled = np.minimum(blocks, cores) * parameter("core_bandwidth")
    dram = dram / np.minimum(parameter("dram") * hardware.dram_bandwidth[None, :, None], pulled)
    splitting = np.where(splits > 1, parameter("split") + splits * batch * m * n * _PARTIAL_BYTES / l2_rate, 0.0)
    floor = parameter("floor")
    time = floor + united((arithmetic + exposed, l2, dram), parameter("overlap")) + splitting
    return ProductCost(
        time=time,
        tile_rows=tm,
        tile_columns=tn,
        splits=splits,
        blocks=blocks,
        rounds=rounds,
        arithmetic=arithmetic,
        exposed=exposed,
        l2=l2,
        dram=dram,
        splitting=splitting,
        floor=floor,
    )


def _dram_bytes(
    p: Problem, hardware: HardwareColumns, area: FloatArray, usable: FloatArray, written: FloatArray
) -> FloatArray:
    """Bytes to and from DRAM, shape (num_kernels, num_accelerators, num_choices); a written byte costs ``written``.

    The blocks that run together cover ``area`` elements of the output, at best a square, and read its rows and
    columns once: ``2 m n k / sqrt(area)`` elements over the whole product. What the cache holds of the smaller
    operand is not read again (Hong and Kung, "I/O complexity", STOC 1981, with the cache shared by all cores).
    """
    batch, m, n, k, itemsize = (x[:, None, None] for x in (p.batch, p.m, p.n, p.k, p.itemsize))
    reads, writes = p.reads[:, None, None], p.writes[:, None, None]
    missed_share = 1.0 - p.kept[:, :, None]
    streamed = np.maximum(2.0 * batch * m * n * k * itemsize / np.sqrt(area), reads)
    smaller = np.minimum(m, n) * k * itemsize
    capacity = usable * hardware.cache_capacity[None, :, None]
    missed = np.clip((smaller - capacity) / np.maximum(capacity, 1.0), 0.0, 1.0)
    return (reads + written * writes) * missed_share + (streamed - reads) * missed
