"""Bandwidths that kernels can count on: as microbenchmarks reach them, or as others of their kind do."""

from __future__ import annotations

import numpy as np

from hw_specs import Accelerator
from hw_specs.schema import Memory, MemoryLevel

__all__ = ["USUAL_LATENCY", "cache_rate", "common_cache", "dram_achievable_copy", "dram_achievable_read", "shared_rate"]

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


def dram_achievable_copy(accelerator: Accelerator) -> float:
    """DRAM bandwidth that check bits leave to kernels that read and write alike; NaN where none is known. [B/s]"""
    dram = accelerator.memory.dram
    if dram.bandwidth is None:
        return np.nan
    return dram.bandwidth * (_INLINE_ECC_SHARE if dram.inline_ecc else 1.0)


def dram_achievable_read(accelerator: Accelerator) -> float:
    """DRAM bandwidth as microbenchmarks reach it with reads; NaN where none is known. [B/s]"""
    dram = accelerator.memory.dram
    if dram.bandwidth is None:
        return np.nan
    share = _DRAM_SHARE if dram.measured_bandwidth is None else dram.measured_bandwidth / dram.bandwidth
    return min(max(share, _LEAST_DRAM_SHARE), 1.0) * dram.bandwidth


def common_cache(memory: Memory) -> MemoryLevel | None:
    """The cache that all cores share.

    Where an LLC lies behind an L2, the L2 is not shared by all cores: each die of an MI300X has one of its own.
    """
    return memory.llc if memory.llc and memory.llc.bandwidth else memory.l2 or memory.llc


def cache_rate(accelerator: Accelerator, *, cores: float) -> float:
    """Bandwidth of the cache that all cores share, as microbenchmarks reach it. [B/s]

    Parameters
    ----------
    accelerator : Accelerator
    cores : float
        That blocks are spread over.
    """
    cache = common_cache(accelerator.memory)
    published = cache.bandwidth if cache is not None else None
    if cache is not None and cache.measured_bandwidth is not None:
        # A changed accelerator keeps the measured figure of its parent, which may then not exceed its own published.
        return min(cache.measured_bandwidth, np.inf if published is None else published)
    if published is not None:
        return _MEASURED_CACHE_SHARE * published
    per_core = accelerator.traits.cache_bytes_per_clock
    clock, dram = accelerator.cores.clock, accelerator.memory.dram.bandwidth
    return max(per_core * cores * (np.nan if clock is None else clock), 4.0 * (np.nan if dram is None else dram))


def shared_rate(accelerator: Accelerator) -> float:
    """Bandwidth of one core's shared memory as microbenchmarks reach it; infinite where nothing is known. [B/s]"""
    shared, clock = accelerator.memory.shared, accelerator.cores.clock
    if shared is not None and shared.bandwidth is not None:
        # As with the L2, a changed accelerator may keep the measured figure of its parent.
        return min(shared.measured_bandwidth or np.inf, shared.bandwidth)
    estimate = accelerator.traits.shared_bytes_per_clock
    return estimate * clock if estimate is not None and clock else np.inf
