"""Bandwidths that kernels can count on: as microbenchmarks reach them, or as others of their kind do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .cores import block_cores
from .figures import Figures

__all__ = [
    "USUAL_LATENCY",
    "cache_capacity",
    "cache_rate",
    "common_cache",
    "core_memory",
    "dram_achievable_copy",
    "dram_achievable_read",
    "operand_rate",
    "shared_rate",
]

FloatArray = NDArray[np.float64]

#: Latency of the DRAM where none is published: the middle of those of the catalogue that are. [s]
USUAL_LATENCY = 350e-9

# Bandwidth that check bits among the data leave. NVIDIA puts the loss at about 20 % (CUDA C++ Best Practices Guide,
# 9.2.1); an L4 copies at 0.78 of its datasheet where an L40 reaches 0.89 to 0.94 without (gpu-benches), which is 0.85.
_INLINE_ECC_SHARE = 0.85

# DRAM bandwidth that reads reach over the published one where it was not measured (V100 0.96, L40 0.98, H100 PCIe
# 0.97: te42kyfo/gpu-benches, gpu-stream).
_DRAM_SHARE = 0.95
# Least share of it: figures of copies, which turn between reads and writes, understate what reads reach.
_LEAST_DRAM_SHARE = 0.85

# Measured over published bandwidth of shared caches where both are known (V100, A100).
_MEASURED_CACHE_SHARE = 0.75


def dram_achievable_copy(figures: Figures) -> FloatArray:
    """DRAM bandwidth that check bits leave to kernels that read and write alike; NaN where none is known. [B/s]"""
    left: FloatArray = figures.numbers["memory.dram.bandwidth"] * np.where(figures.inline_ecc, _INLINE_ECC_SHARE, 1.0)
    return left


def dram_achievable_read(figures: Figures) -> FloatArray:
    """DRAM bandwidth as microbenchmarks reach it with reads; NaN where none is known. [B/s]"""
    published, measured = figures.numbers["memory.dram.bandwidth"], figures.numbers["memory.dram.measured_bandwidth"]
    share = np.where(np.isnan(measured), _DRAM_SHARE, measured / published)
    reached: FloatArray = np.clip(share, _LEAST_DRAM_SHARE, 1.0) * published
    return reached


def common_cache(figures: Figures, name: str) -> FloatArray:
    """A number of the cache that all cores share, NaN where it is not known: ``bandwidth``, ``latency`` ...

    Where an LLC lies behind an L2, the L2 is not shared by all cores: each die of an MI300X has one of its own.
    """
    behind = ~np.isnan(figures.numbers["memory.llc.bandwidth"]) | np.isnan(figures.numbers["memory.l2.capacity"])
    return np.where(behind, figures.numbers[f"memory.llc.{name}"], figures.numbers[f"memory.l2.{name}"])


def cache_capacity(figures: Figures) -> FloatArray:
    """Capacity of the larger of L2 and LLC, 0 where there is none. [B]"""
    return np.nan_to_num(np.fmax(figures.numbers["memory.l2.capacity"], figures.numbers["memory.llc.capacity"]))


def cache_rate(figures: Figures) -> FloatArray:
    """Bandwidth of the cache that all cores share, as microbenchmarks reach it. [B/s]"""
    published, measured = (common_cache(figures, name) for name in ("bandwidth", "measured_bandwidth"))
    # A changed accelerator keeps the measured figure of its parent, which may then not exceed its own published.
    reached = np.where(np.isnan(measured), _MEASURED_CACHE_SHARE * published, np.fmin(measured, published))
    per_core = figures.trait("cache_bytes_per_clock")
    estimate = np.maximum(
        per_core * block_cores(figures) * figures.numbers["cores.clock"], 4.0 * figures.numbers["memory.dram.bandwidth"]
    )
    return np.where(np.isnan(reached), estimate, reached)


def operand_rate(figures: Figures) -> FloatArray:
    """Bandwidth of the caches out of which blocks read operands, as microbenchmarks reach it. [B/s]

    That is the common cache, and where an LLC lies behind L2s of single dies, those: of 38 cores of a die (MI300X) that
    tile a product, six read the same rows or columns, so that a sixth of the traffic goes on to the LLC, whose
    bandwidth is half of theirs.
    """
    published, measured = (figures.numbers[f"memory.l2.{name}"] for name in ("bandwidth", "measured_bandwidth"))
    reached = np.where(np.isnan(measured), _MEASURED_CACHE_SHARE * published, np.fmin(measured, published))
    return np.fmax(reached, cache_rate(figures))


def core_memory(figures: Figures) -> FloatArray:
    """Shared memory and L1 cache of one core, infinite where not known. [B]"""
    held = figures.numbers["memory.shared.capacity"] + np.nan_to_num(figures.trait("l1_cache"))
    return np.where(np.isnan(held), np.inf, held)


def shared_rate(figures: Figures) -> FloatArray:
    """Bandwidth of one core's shared memory as microbenchmarks reach it; infinite where nothing is known. [B/s]"""
    published = figures.numbers["memory.shared.bandwidth"]
    estimate = figures.trait("shared_bytes_per_clock") * figures.numbers["cores.clock"]
    # As with the L2, a changed accelerator may keep the measured figure of its parent.
    reached = np.fmin(figures.numbers["memory.shared.measured_bandwidth"], published)
    known = np.where(np.isnan(published), estimate, reached)
    return np.where(np.isnan(known), np.inf, known)
